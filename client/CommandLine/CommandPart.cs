using System.CommandLine;

namespace Bgpo.Client.CommandLine;

/// <summary>A command and examples for its help.</summary>
/// <param name="Command">The command.</param>
/// <param name="Examples">Command lines without the program's name, and what they do.</param>
internal sealed record CommandPart(Command Command, IReadOnlyList<(string Line, string Meaning)> Examples);
