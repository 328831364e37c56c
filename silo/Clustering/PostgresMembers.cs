using System.Data.Common;
using Npgsql;

namespace Bgpo.Silo.Clustering;

/// <summary>Members that are written down in a PostgreSQL database, in Orleans's own tables.</summary>
internal sealed class PostgresMembers : IMemberTable
{
    private const string Variable = "BGPO_POSTGRES";

    private static string Connection => Environment.GetEnvironmentVariable(Variable) ?? "";

    /// <inheritdoc/>
    public string? Refusal()
    {
        const string example = $"{Variable}='Host=db;Database=orleans;Username=bgpo;Password=...'";
        if (Connection.Length == 0)
        {
            return $"field cluster.kind: value 'postgres': needs a connection string in the environment: {example}";
        }
        try
        {
            return new NpgsqlConnectionStringBuilder(Connection)
                .Host is { Length: > 0 } ? null : $"{Variable} names no host; expected {example}";
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The string holds a password: nothing of it is said.
            return $"{Variable} is no connection string of Npgsql; expected {example}";
        }
    }

    /// <inheritdoc/>
    public bool HasLiveSilo(string name)
    {
        using var connection = new NpgsqlConnection(Connection);
        connection.Open();
        using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE DeploymentId = @name AND Status = @active AND " +
                "IAmAliveTime > now() - @fresh)", connection);
        command.Parameters.AddWithValue("name", name);
        command.Parameters.AddWithValue("active", (int)SiloStatus.Active);
        command.Parameters.AddWithValue("fresh", ClusterMembership.Fresh);
        return (bool)command.ExecuteScalar()!;
    }

    /// <inheritdoc/>
    public void Use(ISiloBuilder silo) =>
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (nameof(Npgsql), Connection));

    /// <inheritdoc/>
    public void Use(IClientBuilder client) =>
        client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (nameof(Npgsql), Connection));

    /// <inheritdoc/>
    public string? Explanation(Exception failure) =>
        failure is DbException ? $"the database that {Variable} names: {failure.Message} (docs/clusters.md says what it needs)"
            : null;
}
