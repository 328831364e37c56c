using System.CommandLine;
using Bgpo.Model;

namespace Bgpo.Client.CommandLine;

/// <summary>The options that say what a command computes on.</summary>
internal sealed class DeviceOptions
{
    /// <summary>The options.</summary>
    /// <param name="standard">What it computes on where nothing is said, in words.</param>
    internal DeviceOptions(string standard) => Devices = new Option<DeviceSet?>("--devices")
    {
        Description = $"what to compute on: {DeviceSet.Forms}; default: {standard}",
        HelpName = "DEVICES",
        CustomParser = result =>
        {
            if (DeviceSet.TryParse(Flags.Token(result)) is { } devices)
            {
                return devices;
            }

            result.AddError($"option --devices: value '{Flags.Token(result)}': {DeviceSet.Forms}");
            return null;
        },
    };

    /// <summary>--devices.</summary>
    internal Option<DeviceSet?> Devices { get; }

    /// <summary>--threads.</summary>
    internal Option<int?> Threads { get; } =
        Flags.Whole("--threads", "N", "the same as --devices cpu:N; results do not depend on it", 1, DeviceSet.MostThreads);

    /// <summary>What a command line says.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="standard">Threads where it says nothing.</param>
    /// <exception cref="BadInputException">It says both, or there are no such devices.</exception>
    internal DeviceSet Read(ParseResult parsed, int standard)
    {
        if (parsed.GetValue(Devices) is not { } given)
        {
            return DeviceSet.Cpu(parsed.GetValue(Threads) ?? standard);
        }

        if (parsed.GetValue(Threads) is not null)
        {
            throw new BadInputException("options --devices and --threads: give one of them; --threads N is --devices cpu:N");
        }

        try
        {
            _ = given.Resolve();
            return given;
        }
        catch (ModelException e)
        {
            throw new BadInputException(e.Message, e);
        }
    }
}
