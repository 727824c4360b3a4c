var builder = DistributedApplication.CreateBuilder(args);

// The coordinator. For MySQL: .WithMySql(builder.AddMySql("mysql").AddDatabase("dtmdb")) in place of the volume.
var dtm = builder.AddOrleansDtm("dtm").WithDataVolume();

var bank = builder.AddProject("bank", "../DtmApp.Bank/DtmApp.Bank.csproj")
    .WithHttpEndpoint(port: 5080)
    .WithHttpHealthCheck("/health")
    .WithReference(dtm)
    .WaitFor(dtm);

// The coordinator calls branches by the name of their service: http://bank/out.
dtm.WithReference(bank);

builder.Build().Run();
