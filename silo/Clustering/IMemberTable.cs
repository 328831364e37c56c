namespace Bgpo.Silo.Clustering;

/// <summary>
/// A table in which the members of clusters of several machines are written down. Any number of clusters can share it.
/// </summary>
internal interface IMemberTable
{
    /// <summary>Why it cannot be used as described; null when nothing speaks against it.</summary>
    string? Refusal();

    /// <summary>Whether a silo of a cluster has lately given a sign of life.</summary>
    /// <param name="name">The cluster.</param>
    bool HasLiveSilo(string name);

    /// <summary>Makes a silo write itself down there.</summary>
    /// <param name="silo">The silo.</param>
    void Use(ISiloBuilder silo);

    /// <summary>Makes a client look for silos there.</summary>
    /// <param name="client">The client.</param>
    void Use(IClientBuilder client);

    /// <summary>What to say of a failure of the table, without any secret; null when the failure is another's.</summary>
    /// <param name="failure">The failure.</param>
    string? Explanation(Exception failure);
}
