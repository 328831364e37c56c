using System.Text.RegularExpressions;

namespace Bgpo.Client.CommandLine;

/// <summary>What runs and clusters may be called.</summary>
internal static partial class Names
{
    /// <summary>Lower-case letters, digits and dashes, 63 at most, starting with a letter or digit.</summary>
    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,62}\z")]
    internal static partial Regex Plain();
}
