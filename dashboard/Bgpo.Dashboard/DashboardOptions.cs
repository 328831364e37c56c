using System.Net;

namespace Bgpo.Dashboard;

/// <summary>Where a dashboard is served, and to whom.</summary>
public sealed record DashboardOptions
{
    /// <summary>The port of those that ask for none, where it is free.</summary>
    public const int UsualPort = 8420;

    /// <summary>The address that it listens on.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; null: <see cref="UsualPort"/>, or any that is free where that is taken. 0: any that is free.</summary>
    public int? Port { get; init; }

    /// <summary>Who may see it.</summary>
    public AccessToken Token { get; init; } = AccessToken.New();

    /// <summary>Names beside the machine's own under which browsers reach it. IP addresses are always allowed.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];
}
