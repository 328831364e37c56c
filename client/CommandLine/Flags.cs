using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Bgpo.Client.CommandLine;

/// <summary>The options that commands are made of. Each checks its own value and says what is allowed.</summary>
internal static class Flags
{
    internal static Option<string?> Text(string name, string valueName, string description) =>
        new(name) { Description = description, HelpName = valueName };

    internal static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    internal static Option<int?> Whole(string name, string valueName, string description, int minimum, int maximum) => new(name)
    {
        Description = description,
        HelpName = valueName,
        CustomParser = result =>
        {
            if (int.TryParse(Token(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                && value >= minimum && value <= maximum)
            {
                return value;
            }

            result.AddError($"option {name}: value '{Token(result)}': a whole number from {minimum} to {maximum}");
            return null;
        },
    };

    internal static Option<double?> Number(string name, string valueName, string description, double minimum, double maximum) =>
        new(name)
        {
            Description = description,
            HelpName = valueName,
            CustomParser = result =>
            {
                if (double.TryParse(Token(result), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    && value >= minimum && value <= maximum)
                {
                    return value;
                }

                result.AddError(FormattableString.Invariant(
                    $"option {name}: value '{Token(result)}': a number from {minimum} to {maximum}"));
                return null;
            },
        };

    /// <summary>Ascending whole numbers with commas between: 1,64.</summary>
    internal static Option<int[]> WholeNumbers(string name, string valueName, string description, int minimum, int maximum) =>
        new(name)
        {
            Description = description,
            HelpName = valueName,
            CustomParser = result =>
            {
                var parts = Token(result).Split(',');
                var values = new int[parts.Length];
                for (var i = 0; i < parts.Length; i++)
                {
                    var good = int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out values[i])
                        && values[i] >= minimum && values[i] <= maximum && (i == 0 || values[i] > values[i - 1]);
                    if (!good)
                    {
                        result.AddError($"option {name}: value '{Token(result)}': ascending whole numbers from {minimum} to " +
                            $"{maximum} with commas between, for example 1,64");
                        return [];
                    }
                }

                return values;
            },
        };

    /// <summary>Numbers as given, or the default: the library says an empty array where nothing was given.</summary>
    internal static int[] Or(this int[]? given, params int[] otherwise) => given is { Length: > 0 } ? given : otherwise;

    /// <summary>A length of time: 500ms, 5s, 2m, 1h.</summary>
    internal static Option<TimeSpan?> Duration(string name, string description, TimeSpan minimum, TimeSpan maximum) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Durations.Parse(Token(result)) is { } value && value >= minimum && value <= maximum)
            {
                return value;
            }

            result.AddError($"option {name}: value '{Token(result)}': a time from {Durations.Text(minimum)} to " +
                $"{Durations.Text(maximum)}, for example 500ms, 5s, 2m or 1h");
            return null;
        },
    };

    /// <summary>One of a few words.</summary>
    internal static Option<string?> Word(string name, string description, params string[] words)
    {
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = string.Join('|', words),
            CustomParser = result =>
            {
                if (words.Contains(Token(result)))
                {
                    return Token(result);
                }

                result.AddError($"option {name}: value '{Token(result)}': one of " +
                    $"{string.Join(", ", words)}{Usage.Suggestion(Token(result), words)}");
                return null;
            },
        };
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>The name of a cluster or run as commands take it.</summary>
    internal static string Checked(string option, string name) => Names.Plain().IsMatch(name)
        ? name
        : throw new BadInputException(
            $"option {option}: value '{name}': lower-case letters, digits and dashes, 63 at most, starting with a letter or " +
                "digit");

    internal static Option<string[]> Set() => new("--set")
    {
        Description = "override a field of the spec; as often as wanted, the last one of a field wins",
        HelpName = "FIELD=VALUE",
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    internal static Option<string?> ClusterConfig() => new(Client.ClusterConfig.Option)
    {
        Description = "how its members find one another (docs/clusters.md); default: $" + Client.ClusterConfig.Variable
            + ", else in files of this machine",
        HelpName = "FILE",
        Recursive = true,
    };

    internal static Option<bool> Json(string what) => Switch("--json", what);

    internal static Option<int?> Threads() =>
        Whole("--threads", "N", "CPU devices, one thread each; default: one for each core. Results do not depend on it", 1, 1024);

    internal static string Token(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
}
