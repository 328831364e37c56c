using Azure;
using Azure.Data.Tables;
using Azure.Identity;
using Bgpo.Spec;

namespace Bgpo.Silo.Clustering;

/// <summary>
/// Members that are written down in a table of an Azure storage account, or of Azurite: with a connection string where the
/// environment has one, else with the process's Azure identity.
/// </summary>
/// <param name="cluster">The account and the table.</param>
internal sealed class AzureMembers(ClusterSection cluster) : IMemberTable
{
    private const string Variable = "AZURE_STORAGE_CONNECTION_STRING";

    /// <summary>One for the process: it keeps its tokens.</summary>
    private static readonly Lazy<DefaultAzureCredential> s_identity = new(() => new DefaultAzureCredential());

    private readonly string _table = cluster.Table.Length > 0 ? cluster.Table : "OrleansSiloInstances";

    private static string Connection => Environment.GetEnvironmentVariable(Variable) ?? "";

    /// <inheritdoc/>
    public string? Refusal()
    {
        try
        {
            return Service().AccountName is var account && account != cluster.Account
                ? $"field cluster.account: value '{cluster.Account}': {Variable} is of account '{account}'; unset it or name " +
                    "that account"
                : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // The string holds a key: nothing of it is said.
            return $"{Variable} is no connection string of a storage account";
        }
    }

    /// <inheritdoc/>
    public bool HasLiveSilo(string name)
    {
        try
        {
            // The service stamps a row whenever its silo gives a sign of life. Rows without a silo's name are Orleans's own.
            string active = nameof(SiloStatus.Active);
            return Service().GetTableClient(_table)
                .Query<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {name} and Status eq {active}"))
                .Any(row => row.ContainsKey("SiloName") && row.Timestamp > DateTimeOffset.UtcNow - ClusterMembership.Fresh);
        }
        catch (RequestFailedException e) when (e.ErrorCode == "TableNotFound")
        {
            return false; // The first silo makes it.
        }
    }

    /// <inheritdoc/>
    public void Use(ISiloBuilder silo) =>
        silo.UseAzureStorageClustering(options => (options.TableName, options.TableServiceClient) = (_table, Service()));

    /// <inheritdoc/>
    public void Use(IClientBuilder client) =>
        client.UseAzureStorageClustering(options => (options.TableName, options.TableServiceClient) = (_table, Service()));

    /// <inheritdoc/>
    public string? Explanation(Exception failure)
    {
        const string credentials =
            $"sign in (az login), give this identity the role Storage Table Data Contributor, or set {Variable}";
        string? what = failure switch
        {
            OperationCanceledException or TimeoutException =>
                "it does not answer in time; see whether the account's name is right and the network is up",
            RequestFailedException { Status: 0 } e =>
                $"it cannot be reached: {FirstLine(e.GetBaseException())}; see whether the account's name is right and the " +
                    "network is up",
            RequestFailedException { Status: 401 or 403 } e => $"the credentials are not accepted ({Code(e)}); {credentials}",
            RequestFailedException e => $"the service answers {Code(e)}",
            AuthenticationFailedException e => $"no token: {FirstLine(e)}; {credentials}",
            AggregateException { InnerException: { } e } => Explanation(e),
            _ => null,
        };
        return what is null || failure is AggregateException ? what
            : $"the table '{_table}' of storage account '{cluster.Account}': {what}";
    }

    private static string Code(RequestFailedException failure) =>
        string.IsNullOrEmpty(failure.ErrorCode) ? $"HTTP {failure.Status}" : $"{failure.ErrorCode} (HTTP {failure.Status})";

    private static string FirstLine(Exception failure) => failure.Message.Split('\r', '\n')[0].Trim().TrimEnd('.');

    private TableServiceClient Service()
    {
        var options = new TableClientOptions();
        // Orleans asks again by itself: a table that is away must not hold it for long.
        (options.Retry.MaxRetries, options.Retry.MaxDelay, options.Retry.NetworkTimeout) =
            (2, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10));
        options.Diagnostics.IsTelemetryEnabled = false;
        return Connection.Length > 0
            ? new TableServiceClient(Connection, options)
            : new TableServiceClient(new Uri($"https://{cluster.Account}.table.core.windows.net"), s_identity.Value, options);
    }
}
