-- The tables of a cluster of silos in MySQL 8 or MariaDB 10.6 or later: membership, reminders, and the state of grains
-- other than transactions. Applied at start if Cluster:Mode requires it, or by an administrator; it may run twice.
--
-- The ADO.NET providers of Orleans read the text of each of their queries from the table OrleansQuery. Names of keys,
-- parameters and result columns are theirs, the rest is ours: no stored procedures, which would need another right, and
-- each change of the membership is one transaction. Existing rows, for example of the scripts of Orleans, are kept.
create table if not exists OrleansQuery (
    QueryKey  varchar(64) character set ascii collate ascii_bin not null,
    QueryText text not null,
    primary key (QueryKey)
) engine = InnoDB row_format = dynamic;

-- One row a cluster. Every change of its members but a sign of life moves the version by one.
create table if not exists OrleansMembershipVersionTable (
    DeploymentId varchar(150) character set utf8mb4 collate utf8mb4_bin not null,
    Timestamp    datetime(3) not null default current_timestamp(3) on update current_timestamp(3),
    Version      int not null default 0,
    primary key (DeploymentId)
) engine = InnoDB row_format = dynamic;

-- One row for each life of a silo. Times are UTC.
create table if not exists OrleansMembershipTable (
    DeploymentId varchar(150) character set utf8mb4 collate utf8mb4_bin not null,
    Address      varchar(45) character set ascii collate ascii_bin not null,
    Port         int not null,
    Generation   int not null,
    SiloName     varchar(150) character set utf8mb4 not null,
    HostName     varchar(150) character set utf8mb4 not null,
    Status       int not null,
    ProxyPort    int null,
    SuspectTimes text null,
    StartTime    datetime(3) not null,
    IAmAliveTime datetime(3) not null,
    primary key (DeploymentId, Address, Port, Generation)
) engine = InnoDB row_format = dynamic;

create table if not exists OrleansRemindersTable (
    ServiceId    varchar(150) character set utf8mb4 collate utf8mb4_bin not null,
    GrainId      varchar(300) character set utf8mb4 collate utf8mb4_bin not null,
    ReminderName varchar(150) character set utf8mb4 collate utf8mb4_bin not null,
    StartTime    datetime(3) not null,
    Period       bigint not null,
    GrainHash    int not null,
    Version      int not null,
    primary key (ServiceId, GrainId, ReminderName),
    key OrleansReminders_Hash (ServiceId, GrainHash)
) engine = InnoDB row_format = dynamic;

-- Id is made of what names the state of a grain: the names themselves would make too long a key.
create table if not exists OrleansStorage (
    Id                     binary(32) not null,
    ServiceId              varchar(150) character set utf8mb4 not null,
    GrainTypeString        varchar(512) character set utf8mb4 not null,
    GrainIdN0              bigint not null,
    GrainIdN1              bigint not null,
    GrainIdExtensionString text character set utf8mb4 null,
    PayloadBinary          longblob null,
    ModifiedOn             datetime(3) not null,
    Version                int not null,
    primary key (Id)
) engine = InnoDB row_format = dynamic;

insert ignore into OrleansQuery (QueryKey, QueryText) values
('InsertMembershipVersionKey', '
    insert ignore into OrleansMembershipVersionTable (DeploymentId) values (@DeploymentId);
    select row_count();'),

-- Each change of the membership locks the version first, so what it reads after that stays true until the commit.
('InsertMembershipKey', '
    start transaction;
    insert into OrleansMembershipTable
        (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
    select v.DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
    from OrleansMembershipVersionTable v
    where v.DeploymentId = @DeploymentId and v.Version = @Version
        and not exists (
            select 1 from OrleansMembershipTable m
            where m.DeploymentId = @DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation)
    for update;
    update OrleansMembershipVersionTable set Version = Version + 1
    where DeploymentId = @DeploymentId and Version = @Version and row_count() = 1;
    select row_count();
    commit;'),

('UpdateMembershipKey', '
    update OrleansMembershipVersionTable v
    join OrleansMembershipTable m
        on m.DeploymentId = v.DeploymentId and m.Address = @Address and m.Port = @Port and m.Generation = @Generation
    set v.Version = v.Version + 1, m.Status = @Status, m.SuspectTimes = @SuspectTimes, m.IAmAliveTime = @IAmAliveTime
    where v.DeploymentId = @DeploymentId and v.Version = @Version;
    select row_count() > 0;'),

('UpdateIAmAlivetimeKey', '
    update OrleansMembershipTable set IAmAliveTime = @IAmAliveTime
    where DeploymentId = @DeploymentId and Address = @Address and Port = @Port and Generation = @Generation;'),

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
    delete from OrleansMembershipTable where DeploymentId = @DeploymentId;
    delete from OrleansMembershipVersionTable where DeploymentId = @DeploymentId;'),

-- 6 = dead.
('CleanupDefunctSiloEntriesKey', '
    delete from OrleansMembershipTable where DeploymentId = @DeploymentId and IAmAliveTime < @IAmAliveTime and Status = 6;'),

('CleanupDefunctSiloEntryKey', '
    delete from OrleansMembershipTable
    where DeploymentId = @DeploymentId and Address = @Address and Port = @Port and Generation = @Generation and Status = 6
        and StartTime = @StartTime and IAmAliveTime = @IAmAliveTime and SuspectTimes <=> @SuspectTimes;'),

-- last_insert_id carries a value from one statement to the next without a user variable, which a connection may not
-- allow.
('UpsertReminderRowKey', '
    do last_insert_id(0);
    insert into OrleansRemindersTable (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
    values (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
    on duplicate key update
        StartTime = @StartTime, Period = @Period, GrainHash = @GrainHash, Version = last_insert_id(Version + 1);
    select cast(last_insert_id() as signed) as Version;'),

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
    delete from OrleansRemindersTable
    where ServiceId = @ServiceId and GrainId = @GrainId and ReminderName = @ReminderName and Version = @Version;
    select row_count();'),

('DeleteReminderRowsKey', '
    delete from OrleansRemindersTable where ServiceId = @ServiceId;'),

('ReadFromStorageKey', '
    select PayloadBinary, Version from OrleansStorage
    where Id = unhex(sha2(concat_ws(char(31), @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString), 256));'),

-- No row means a conflict with another write, and the provider treats it as that.
('WriteToStorageKey', '
    do last_insert_id(0);
    insert into OrleansStorage
        (Id, ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString, PayloadBinary, ModifiedOn, Version)
    select w.Id, @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString, @PayloadBinary, utc_timestamp(3),
        last_insert_id(1)
    from (select unhex(sha2(
        concat_ws(char(31), @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString), 256)) as Id) w
    where @GrainStateVersion is null and not exists (select 1 from OrleansStorage s where s.Id = w.Id);
    update OrleansStorage
    set PayloadBinary = @PayloadBinary, ModifiedOn = utc_timestamp(3), Version = last_insert_id(Version + 1)
    where Id = unhex(sha2(concat_ws(char(31), @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString), 256))
        and Version = @GrainStateVersion;
    select cast(last_insert_id() as signed) as NewGrainStateVersion from dual where last_insert_id() > 0;'),

('ClearStorageKey', '
    do last_insert_id(0);
    update OrleansStorage set PayloadBinary = null, ModifiedOn = utc_timestamp(3), Version = last_insert_id(Version + 1)
    where Id = unhex(sha2(concat_ws(char(31), @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString), 256))
        and Version = @GrainStateVersion;
    select cast(last_insert_id() as signed) as NewGrainStateVersion from dual where last_insert_id() > 0;'),

('DeleteStorageKey', '
    delete from OrleansStorage
    where Id = unhex(sha2(concat_ws(char(31), @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, @GrainIdExtensionString), 256))
        and Version = @GrainStateVersion;
    select @GrainStateVersion + 1 as NewGrainStateVersion from dual where row_count() = 1;');

-- For a session that begins without autocommit.
commit;
