using Bgpo.Spec;
using Npgsql;
using Orleans.Runtime;

namespace Bgpo.Silo;

/// <summary>Clusters whose members are kept in a PostgreSQL database, in Orleans's own tables.</summary>
internal static class PostgresMembers
{
    private const string Variable = "BGPO_POSTGRES";

    /// <summary>A silo's last sign of life, which it gives every two seconds, may be so old; much of it is for clocks that differ.</summary>
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(30);

    /// <summary>The connection string; empty where the environment has none.</summary>
    internal static string Connection => Environment.GetEnvironmentVariable(Variable) ?? "";

    /// <summary>Why there is no connection string that can be used; null when there is.</summary>
    internal static string? Refusal()
    {
        const string example = $"{Variable}='Host=db;Database=orleans;Username=bgpo;Password=...'";
        if (Connection.Length == 0)
        {
            return $"field cluster.kind: value '{ClusterSection.Postgres}': needs a connection string in the environment: {example}";
        }
        try
        {
            return new NpgsqlConnectionStringBuilder(Connection).Host is { Length: > 0 } ? null : $"{Variable} names no host; expected {example}";
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The string holds a password: nothing of it is said.
            return $"{Variable} is no connection string of Npgsql; expected {example}";
        }
    }

    /// <summary>Whether a silo of a cluster has lately given a sign of life.</summary>
    /// <param name="name">The cluster.</param>
    internal static bool HasLiveSilo(string name)
    {
        using var connection = new NpgsqlConnection(Connection);
        connection.Open();
        using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE DeploymentId = @name AND Status = @active AND IAmAliveTime > now() - @fresh)", connection);
        command.Parameters.AddWithValue("name", name);
        command.Parameters.AddWithValue("active", (int)SiloStatus.Active);
        command.Parameters.AddWithValue("fresh", s_fresh);
        return (bool)command.ExecuteScalar()!;
    }
}
