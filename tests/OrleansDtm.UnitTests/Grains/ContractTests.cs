using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using OrleansDtm.Abstractions;
using OrleansDtm.Grains.Activity;
using OrleansDtm.Grains.Messages;
using OrleansDtm.Grains.Topic;
using OrleansDtm.Grains.Watching;
using OrleansDtm.Tests.Support;
using Xunit;

namespace OrleansDtm.UnitTests.Grains;

/// <summary>
/// The messages between silos and clients of different versions. Names and numbers must never change their meaning, so
/// <c>OrleansContracts.txt</c> may only grow.
/// </summary>
public sealed class ContractTests
{
    private static readonly Assembly[] Contracts = [typeof(ITransactionsGrain).Assembly, typeof(EventMessage).Assembly];

    [Fact]
    public void Every_message_survives_the_serializer_with_all_its_fields()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        object[] messages =
        [
            Step(), Subscriber(), Reply(), Changes(), Changes().Changes[0], .. ClientContracts.Samples(),
        ];
        Assert.Equal(
            Messages().Where(static type => !type.IsEnum && !IsSurrogate(type)).OrderBy(static type => type.Name),
            messages.Select(static message => message.GetType()).OrderBy(static type => type.Name));
        foreach (var message in messages)
        {
            Assert.All(
                Fields(message.GetType()).Cast<PropertyInfo>(),
                field => Assert.False(IsDefault(field.GetValue(message)), $"{field.Name} has no value to lose"));
            var copy = serializer.Deserialize<object>(serializer.SerializeToArray(message));
            Assert.IsType(message.GetType(), copy);
            Assert.Equal(JsonSerializer.Serialize(message), JsonSerializer.Serialize(copy));
        }
    }

    [Fact]
    public void Every_message_has_an_alias_and_numbers_in_order()
    {
        Assert.All(Messages(), static type => Assert.True(Alias(type) is not null, $"{type.Name} has no [Alias]"));
        Assert.Equal(Messages().Count, Messages().Select(Alias).Distinct().Count());
        foreach (var type in Messages().Where(static type => !type.IsEnum))
        {
            var carried = IsSurrogate(type)
                ? type.GetFields().Select(static f => f.Name)
                : type.GetProperties()
                    .Where(static p => p.CanWrite && !p.GetMethod!.IsStatic)
                    .Select(static p => p.Name);
            Assert.Equal(carried.Order(), Fields(type).Select(static p => p.Name).Order());
            Assert.Equal(Fields(type).Select(Id).Distinct().Order(), Fields(type).Select(Id));
        }
    }

    [Fact]
    public void Every_grain_and_each_of_its_methods_has_an_alias()
    {
        Assert.All(Grains(), static type => Assert.True(Alias(type) is not null, $"{type.Name} has no [Alias]"));
        Assert.All(
            Grains().SelectMany(static type => type.GetMethods()),
            static method => Assert.True(
                Alias(method) is not null, $"{method.DeclaringType!.Name}.{method.Name} has no [Alias]"));
        Assert.All(
            Grains(),
            static type => Assert.Equal(type.GetMethods().Length, type.GetMethods().Select(Alias).Distinct().Count()));
    }

    [Fact]
    public void No_request_may_take_longer_than_a_message_can_say() =>
        Assert.All(
            Grains().SelectMany(static type => type.GetMethods()).Select(
                static method => method.GetCustomAttribute<ResponseTimeoutAttribute>()),
            static limit => Assert.True(
                limit?.Timeout is null || limit.Timeout < TimeSpan.FromDays(2),
                $"{limit?.Timeout}: '25:00:00' are days"));

    [Fact]
    public void The_contracts_are_those_that_were_agreed()
    {
        var agreed = File.ReadAllLines(
            RepositoryRoot.File("tests", "OrleansDtm.UnitTests", "Grains", "OrleansContracts.txt"));
        var found = Describe();
        var difference = agreed.Except(found)
            .Select(static line => "- " + line)
            .Concat(found.Except(agreed).Select(static line => "+ " + line));
        Assert.True(agreed.SequenceEqual(found), "The contracts changed (- agreed, + "
            + $"found):\n{string.Join('\n', difference)}\n\nAll of them:\n{string.Join('\n', found)}");
    }

    [Fact]
    public void An_exception_arrives_as_what_it_was()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var refused = serializer.Deserialize<Exception>(
            serializer.SerializeToArray<Exception>(new TransactionException("g1", ReplyKind.Conflict, "no")));
        var copy = Assert.IsType<TransactionException>(refused);
        Assert.Equal(
            ("g1", ReplyKind.Conflict, "no", "Conflict: no (gid g1)"),
            (copy.Gid, copy.Kind, copy.Reason, copy.Message));
        Assert.All(
            (Exception[])[new BranchFailureException("frozen"), new BranchOngoingException("soon")],
            thrown =>
            {
                var arrived = serializer.Deserialize<Exception>(serializer.SerializeToArray(thrown))!;
                Assert.IsType(thrown.GetType(), arrived);
                Assert.Equal(thrown.Message, arrived.Message);
            });
    }

    /// <summary>
    /// Returns the types that silos of neighbouring versions exchange. Statistics are excluded: each silo is asked for
    /// them separately, and they may be missing.
    /// </summary>
    private static IEnumerable<Type> Types() =>
        Contracts.SelectMany(static a => a.GetTypes()).Where(
            static t => t.Namespace != typeof(ActivityWindow).Namespace);

    private static List<Type> Messages() =>
        [.. Types()
            .Where(static t => !t.IsSubclassOf(typeof(PlacementStrategy)))
            .Where(static type => type.IsDefined(typeof(GenerateSerializerAttribute))
                && !typeof(Exception).IsAssignableFrom(type))
            .OrderBy(Alias, StringComparer.Ordinal)];

    private static List<Type> Grains() =>
        [.. Types().Where(static type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)).OrderBy(
            Alias, StringComparer.Ordinal)];

    /// <summary>Returns true for a surrogate of a record of Core: a struct with fields.</summary>
    private static bool IsSurrogate(Type type) => type is { IsValueType: true, IsEnum: false };

    private static List<MemberInfo> Fields(Type type) =>
        [.. type.GetMembers().Where(static p => p.IsDefined(typeof(IdAttribute))).OrderBy(Id)];

    private static Type TypeOf(MemberInfo member) =>
        member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    private static int Id(MemberInfo field) => (int)field.GetCustomAttribute<IdAttribute>()!.Id;

    private static string? Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;

    /// <summary>
    /// Returns one line for everything that must not change between versions. Each line contains its type's alias, so
    /// that a difference is self-explanatory.
    /// </summary>
    private static List<string> Describe() =>
    [
        .. from type in Messages()
           from line in type.IsEnum
               ? Enum.GetNames(type).Select(name => $"{Convert.ToInt32(Enum.Parse(type, name), null)} {name}")
               : Fields(type).Select(static field => $"{Id(field)} {field.Name}: {Name(TypeOf(field))}")
           select $"{Alias(type)} {line}",
        .. from type in Grains()
           from method in type.GetMethods().OrderBy(Alias, StringComparer.Ordinal)
           let parameters = method.GetParameters().Select(static parameter => Name(parameter.ParameterType))
           select $"{Alias(type)}.{Alias(method)}({string.Join(", ", parameters)}): {Name(method.ReturnType)}",
    ];

    private static string Name(Type type)
    {
        if (!type.IsGenericType)
        {
            return Alias(type) ?? type.Name;
        }

        var name = new StringBuilder(type.Name[..type.Name.IndexOf('`')]).Append('<');
        return name.AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>').ToString();
    }

    private static bool IsDefault(object? value) => value switch
    {
        null or "" or false or 0 or 0L => true,
        Array array => array.Length == 0,
        Enum kind => Convert.ToInt32(kind, null) == 0,
        TimeSpan time => time == TimeSpan.Zero,
        DateTimeOffset moment => moment == default,
        ReadOnlyMemory<byte> bytes => bytes.IsEmpty,
        _ => false,
    };

    private static StepMessage Step() =>
        new()
        {
            Action = "http://bank/a",
            Compensate = "http://bank/c",
            Payload = [0, 1, 255],
            Policy = ClientContracts.Policy(),
            CompensatePolicy = ClientContracts.Policy(),
            CompensatePayload = [2],
        };

    private static ChangeBatch Changes() => new()
    {
        Changes =
        [
            new TransactionChange
            {
                Gid = "g1",
                Type = "saga",
                Status = "failed",
                At = DateTimeOffset.UnixEpoch.AddSeconds(2),
                Created = DateTimeOffset.UnixEpoch.AddSeconds(1),
                Reason = "why",
                Tags = new Dictionary<string, string> { ["order"] = "4711" },
            },
        ],
        Epoch = 7,
        Next = 8,
        HasGap = true,
    };

    private static TopicSubscriber Subscriber() => new("http://bank/s", "remark");

    private static TransactionReply Reply() =>
        new()
        {
            Kind = ReplyKind.Conflict,
            Message = "no",
            Status = "failed",
            RollbackReason = "why",
            LastError = "lost",
            Waited = true,
            Results = [ClientContracts.Answer()],
        };
}
