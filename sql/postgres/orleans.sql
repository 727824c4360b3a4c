-- The tables of a cluster of silos in PostgreSQL 13 or later: membership, reminders, and the state of grains other than
-- transactions. Applied at start if Cluster:Mode requires it, or by an administrator; it may run twice.
--
-- The ADO.NET providers of Orleans read the text of each of their queries from the table OrleansQuery. Names of keys,
-- parameters and result columns are theirs, the rest is ours: no functions, each change is one transaction. Existing
-- rows, for example of the scripts of Orleans, are kept. Each change sets its isolation level: at another one, which
-- may be the default of the server or the role, the second of two changes would get an error instead of a result.
create table if not exists OrleansQuery (
    QueryKey  varchar(64) not null primary key,
    QueryText text not null
);

-- One row a cluster. Every change of its members but a sign of life moves the version by one.
create table if not exists OrleansMembershipVersionTable (
    DeploymentId varchar(150) not null primary key,
    Timestamp    timestamptz not null default now(),
    Version      integer not null default 0
);

-- One row for each life of a silo.
create table if not exists OrleansMembershipTable (
    DeploymentId varchar(150) not null,
    Address      varchar(45) not null,
    Port         integer not null,
    Generation   integer not null,
    SiloName     varchar(150) not null,
    HostName     varchar(150) not null,
    Status       integer not null,
    ProxyPort    integer null,
    SuspectTimes text null,
    StartTime    timestamptz not null,
    IAmAliveTime timestamptz not null,
    primary key (DeploymentId, Address, Port, Generation)
);

create table if not exists OrleansRemindersTable (
    ServiceId    varchar(150) not null,
    GrainId      varchar(300) not null,
    ReminderName varchar(150) not null,
    StartTime    timestamptz not null,
    Period       bigint not null,
    GrainHash    integer not null,
    Version      integer not null,
    primary key (ServiceId, GrainId, ReminderName)
);

create index if not exists OrleansReminders_Hash on OrleansRemindersTable (ServiceId, GrainHash);

-- Id is made of what names the state of a grain: the names themselves would make too long a key.
create table if not exists OrleansStorage (
    Id                     bytea not null primary key,
    ServiceId              varchar(150) not null,
    GrainTypeString        varchar(512) not null,
    GrainIdN0              bigint not null,
    GrainIdN1              bigint not null,
    GrainIdExtensionString text null,
    PayloadBinary          bytea null,
    ModifiedOn             timestamptz not null,
    Version                integer not null
);

insert into OrleansQuery (QueryKey, QueryText) values
('InsertMembershipVersionKey', '
    begin isolation level read committed;
    with added as (
        insert into OrleansMembershipVersionTable (DeploymentId) values (@DeploymentId) on conflict do nothing returning 1)
    select count(*) from added;
    commit;'),

-- If several silos change the membership at once, the row of the version lets one succeed; the others find another
-- version in it.
('InsertMembershipKey', '
    begin isolation level read committed;
    with moved as (
        update OrleansMembershipVersionTable v set Version = v.Version + 1, Timestamp = now()
        where v.DeploymentId = @DeploymentId and v.Version = @Version
            and not exists (
                select 1 from OrleansMembershipTable m
                where m.DeploymentId = @DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation)
        returning v.DeploymentId),
    added as (
        insert into OrleansMembershipTable
            (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
        select DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime from moved
        returning 1)
    select count(*) from added;
    commit;'),

('UpdateMembershipKey', '
    begin isolation level read committed;
    with moved as (
        update OrleansMembershipVersionTable v set Version = v.Version + 1, Timestamp = now()
        where v.DeploymentId = @DeploymentId and v.Version = @Version
            and exists (
                select 1 from OrleansMembershipTable m
                where m.DeploymentId = @DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation)
        returning v.DeploymentId),
    changed as (
        update OrleansMembershipTable m set Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
        from moved
        where m.DeploymentId = moved.DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation
        returning 1)
    select count(*) from changed;
    commit;'),

('UpdateIAmAlivetimeKey', '
    begin isolation level read committed;
    update OrleansMembershipTable set IAmAliveTime = @IAmAliveTime
    where DeploymentId = @DeploymentId and Address = @Address and Port = @Port and Generation = @Generation;
    commit;'),

('MembershipReadRowKey', '
    select m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime,
        v.Version
    from OrleansMembershipVersionTable v
    left join OrleansMembershipTable m
        on m.DeploymentId = v.DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation
    where v.DeploymentId = @DeploymentId;'),

('MembershipReadAllKey', '
    select m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime,
        v.Version
    from OrleansMembershipVersionTable v
    left join OrleansMembershipTable m on m.DeploymentId = v.DeploymentId
    where v.DeploymentId = @DeploymentId;'),

('GatewaysQueryKey', '
    select Address, ProxyPort, Generation from OrleansMembershipTable
    where DeploymentId = @DeploymentId and Status = @Status and ProxyPort > 0;'),

('DeleteMembershipTableEntriesKey', '
    begin isolation level read committed;
    delete from OrleansMembershipTable where DeploymentId = @DeploymentId;
    delete from OrleansMembershipVersionTable where DeploymentId = @DeploymentId;
    commit;'),

-- 6 = dead.
('CleanupDefunctSiloEntriesKey', '
    begin isolation level read committed;
    delete from OrleansMembershipTable where DeploymentId = @DeploymentId and IAmAliveTime < @IAmAliveTime and Status = 6;
    commit;'),

('CleanupDefunctSiloEntryKey', '
    begin isolation level read committed;
    delete from OrleansMembershipTable
    where DeploymentId = @DeploymentId and Address = @Address and Port = @Port and Generation = @Generation and Status = 6
        and StartTime = @StartTime and IAmAliveTime = @IAmAliveTime and SuspectTimes is not distinct from @SuspectTimes;
    commit;'),

('UpsertReminderRowKey', '
    begin isolation level read committed;
    insert into OrleansRemindersTable as r (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
    values (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
    on conflict (ServiceId, GrainId, ReminderName) do update set
        StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = r.Version + 1
    returning Version;
    commit;'),

('ReadReminderRowKey', '
    select GrainId, ReminderName, StartTime, Period, Version from OrleansRemindersTable
    where ServiceId = @ServiceId and GrainId = @GrainId and ReminderName = @ReminderName;'),

('ReadReminderRowsKey', '
    select GrainId, ReminderName, StartTime, Period, Version from OrleansRemindersTable
    where ServiceId = @ServiceId and GrainId = @GrainId;'),

-- From behind the begin up to the end ...
('ReadRangeRows1Key', '
    select GrainId, ReminderName, StartTime, Period, Version from OrleansRemindersTable
    where ServiceId = @ServiceId and GrainHash > @BeginHash and GrainHash <= @EndHash;'),

-- ... or round the highest hash to the end.
('ReadRangeRows2Key', '
    select GrainId, ReminderName, StartTime, Period, Version from OrleansRemindersTable
    where ServiceId = @ServiceId and (GrainHash > @BeginHash or GrainHash <= @EndHash);'),

('DeleteReminderRowKey', '
    begin isolation level read committed;
    with gone as (
        delete from OrleansRemindersTable
        where ServiceId = @ServiceId and GrainId = @GrainId and ReminderName = @ReminderName and Version = @Version
        returning 1)
    select count(*) from gone;
    commit;'),

('DeleteReminderRowsKey', '
    begin isolation level read committed;
    delete from OrleansRemindersTable where ServiceId = @ServiceId;
    commit;'),

('ReadFromStorageKey', '
    select PayloadBinary, Version from OrleansStorage
    where Id = sha256(convert_to(concat_ws(chr(31), @ServiceId::text, @GrainTypeString::text, @GrainIdN0::bigint, @GrainIdN1::bigint,
        @GrainIdExtensionString::text), ''UTF8''));'),

-- No row means a conflict with another write, and the provider treats it as that.
('WriteToStorageKey', '
    begin isolation level read committed;
    with w as (
        select sha256(convert_to(concat_ws(chr(31), @ServiceId::text, @GrainTypeString::text, @GrainIdN0::bigint, @GrainIdN1::bigint,
            @GrainIdExtensionString::text), ''UTF8'')) as Id),
    added as (
        insert into OrleansStorage
            (Id, ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString, PayloadBinary, ModifiedOn, Version)
        select w.Id, @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString::text, @PayloadBinary, now(), 1
        from w where @GrainStateVersion::integer is null
        on conflict do nothing
        returning Version),
    changed as (
        update OrleansStorage s set PayloadBinary = @PayloadBinary, ModifiedOn = now(), Version = s.Version + 1
        from w where s.Id = w.Id and s.Version = @GrainStateVersion::integer
        returning s.Version)
    select Version as NewGrainStateVersion from added union all select Version from changed;
    commit;'),

('ClearStorageKey', '
    begin isolation level read committed;
    update OrleansStorage set PayloadBinary = null, ModifiedOn = now(), Version = Version + 1
    where Id = sha256(convert_to(concat_ws(chr(31), @ServiceId::text, @GrainTypeString::text, @GrainIdN0::bigint, @GrainIdN1::bigint,
        @GrainIdExtensionString::text), ''UTF8'')) and Version = @GrainStateVersion::integer
    returning Version as NewGrainStateVersion;
    commit;'),

('DeleteStorageKey', '
    begin isolation level read committed;
    delete from OrleansStorage
    where Id = sha256(convert_to(concat_ws(chr(31), @ServiceId::text, @GrainTypeString::text, @GrainIdN0::bigint, @GrainIdN1::bigint,
        @GrainIdExtensionString::text), ''UTF8'')) and Version = @GrainStateVersion::integer
    returning Version + 1 as NewGrainStateVersion;
    commit;')
on conflict do nothing;
