using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Bgpo.Client.Clusters;
using Bgpo.Client.Metrics;
using Bgpo.Client.Watching;
using Bgpo.Grains;
using Bgpo.Grains.Runs;

namespace Bgpo.Client.Tests;

/// <summary>Committed steps in files and on the wire: each version once.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bgpo-metrics-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>
    /// The checksum that the format's own documents give for these bytes: of 32 zeros, 32 ones, and 0 to 31 (RFC 3720, B.4).
    /// </summary>
    [Theory]
    [InlineData("00", 0x8a9136aau)]
    [InlineData("ff", 0x62a8ab43u)]
    public void Checksum_IsMaskedCrc32C(string pattern, uint crc)
    {
        byte[] bytes = [.. Enumerable.Repeat(Convert.FromHexString(pattern)[0], 32)];
        Assert.Equal(Masked(crc), EventFile.MaskedCrc(bytes));
        Assert.Equal(Masked(0xe3069283u), EventFile.MaskedCrc("123456789"u8));

        static uint Masked(uint value) => ((value >> 15) | (value << 17)) + 0xa282ead8u;
    }

    [Fact]
    public void ARecord_HasTheBytesThatTheFormatWants()
    {
        // Event { wall_time: 1.5, step: 300, summary { value { tag: "a", simple_value: 0.5 } } }, by hand from the .proto files.
        byte[] message = EventFile.Scalars(DateTimeOffset.FromUnixTimeMilliseconds(1500), 300, [("a", 0.5)]);
        Assert.Equal("09000000000000f83f" + "10ac02" + "2a0a" + "0a08" + "0a0161" + "150000003f",
            Convert.ToHexStringLower(message));
        byte[] record = EventFile.Record(message);
        Assert.Equal((ulong)message.Length, BinaryPrimitives.ReadUInt64LittleEndian(record));
        Assert.Equal(EventFile.MaskedCrc(record.AsSpan(0, 8)), BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(8)));
        Assert.Equal(message, record[12..^4]);
        Assert.Equal(EventFile.MaskedCrc(message), BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(record.Length - 4)));
    }

    [Fact]
    public async Task AVersionThatIsTakenAgain_IsWrittenOnce()
    {
        await Watch(Events.Before, Events.Step(1), Events.Step(2), Events.Step(3), Events.Step(2, reward: 0.9), Events.Step(3),
            Events.Step(4), Events.Stopped);
        Assert.Equal([-1L, 0, 1, 2, 3, 4], Steps());
    }

    [Fact]
    public async Task ALaterWatcher_AddsWhatIsMissing_AndNothingElse()
    {
        await Watch(Events.Step(1), Events.Step(2), Events.Stopped);
        // The store knows more than the first watcher saw; the run goes on from an older checkpoint.
        await Watch([Events.Step(1).Metrics, Events.Step(2).Metrics, Events.Step(3).Metrics], Events.Step(2), Events.Step(3),
            Events.Step(4), Events.Completed);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_folder.FullName, "run")).Length);
        Assert.Equal([-1, -1, 1, 2, 3, 4], Steps().Order());
    }

    [Fact]
    public async Task WhatAKilledWatcherLeftCutShort_IsWrittenAnew()
    {
        await Watch(Events.Step(1), Events.Step(2), Events.Stopped);
        string file = Directory.GetFiles(Path.Combine(_folder.FullName, "run")).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^5]);
        await Watch(Events.Step(1), Events.Step(2), Events.Step(3), Events.Stopped);
        Assert.Equal([-1, -1, 1, 2, 3], Steps().Order());
    }

    [Fact]
    public async Task AnEvaluation_StandsWithItsVersion()
    {
        await Watch(Events.Step(39), Events.Step(40), Events.Between, Events.Step(41), Events.Stopped);
        string text = Encoding.Latin1.GetString(
            File.ReadAllBytes(Directory.GetFiles(Path.Combine(_folder.FullName, "run")).Single()));
        Assert.Equal(2, text.Split("eval/greedy").Length);
        Assert.Equal(4, text.Split("optimizer/gradient_norm").Length);
    }

    [Fact]
    public void AVersionsLine_HasItsEvaluation()
    {
        JsonNode line = JsonNode.Parse(JsonLines.Metrics(Events.Step(40).Metrics with { Evaluation = Events.Between.Result }))!;
        Assert.Equal((0.742, 0.434, 512), ((double)line["evalGreedy"]!, (double)line["gradientNorm"]!, (int)line["samples"]!));
        Assert.Null(JsonNode.Parse(JsonLines.Metrics(Events.Step(40).Metrics))!["evalGreedy"]);
    }

    [Fact]
    public void EverySeries_HasItsOwnNames()
    {
        Assert.Distinct(StepSeries.All.Select(series => series.Instrument));
        Assert.Distinct(StepSeries.All.Select(series => series.Tag));
        string page = File.ReadAllText(Path.Combine(ProjectFolder.Find(), "docs", "metrics.md"));
        Assert.All(StepSeries.All,
            series => Assert.Contains(
                $"| `{series.Instrument}` | {series.Unit} | `{series.Tag}` | {series.Description} |", page,
                StringComparison.Ordinal));
        Assert.All(TaskSeries.All,
            series => Assert.Contains(
                $"| `{series.Instrument}` | 1 | `{series.Tag}` | {series.Description} |", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TasksOfAMixture_HaveTheirOwnNumbers()
    {
        StepCommitted step = Events.Step(40);
        TaskMetrics[] tasks = [new("made", 12, 0.625, 0.5, 0.25), new("read", 4, 0.125, 0, 0.75)];
        var mixed = step with { Metrics = step.Metrics with { Tasks = tasks } };
        Evaluated evaluated = Events.Between with
        {
            Result = Events.Between.Result with { Tasks = [new("made", 0.75, 0.5, 0.8, 0, 32), new("read", 0.25, 0.125, 0.3, 0, 32)] },
        };
        await Watch(mixed, evaluated, Events.Step(41), Events.Stopped);
        string text = Encoding.Latin1.GetString(
            File.ReadAllBytes(Directory.GetFiles(Path.Combine(_folder.FullName, "run")).Single()));
        Assert.All(["tasks/made/reward", "tasks/read/malformed", "tasks/read/eval_greedy"],
            tag => Assert.Equal(2, text.Split(tag).Length));

        JsonNode line = JsonNode.Parse(JsonLines.Of(mixed, null))!;
        Assert.Equal(("read", 0.125), ((string)line["tasks"]![1]!["task"]!, (double)line["tasks"]![1]!["meanReward"]!));
        Assert.Null(JsonNode.Parse(JsonLines.Of(step, null))!["tasks"]);
        JsonNode both = JsonNode.Parse(JsonLines.Metrics(mixed.Metrics with { Evaluation = evaluated.Result }))!;
        Assert.Equal(0.25, (double)both["evalTasks"]![1]!["greedyExact"]!);
        var lines = new PlainLines();
        Assert.EndsWith("  made: reward 0.625 solved 0.500  read: reward 0.125 solved 0.000", lines.Of(mixed),
            StringComparison.Ordinal);
        Assert.EndsWith("  made: greedy 0.750 sampled 0.500  read: greedy 0.250 sampled 0.125", lines.Of(evaluated),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://x", true)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://x", true)]
    [InlineData("OTEL_METRICS_EXPORTER=otlp", true)]
    [InlineData("OTEL_METRICS_EXPORTER=none OTEL_EXPORTER_OTLP_ENDPOINT=http://x", false)]
    [InlineData("OTEL_SDK_DISABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=http://x", false)]
    public void Otlp_IsSent_WhereTheStandardVariablesAskForIt(string environment, bool isWanted)
    {
        Assert.Equal(isWanted, Telemetry.IsWanted(Variables(environment)));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=localhost", "OTEL_EXPORTER_OTLP_ENDPOINT: value 'localhost'")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4317", "http://localhost:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=:::nonsense", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: value ':::nonsense'")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://x OTEL_EXPORTER_OTLP_PROTOCOL=carrier",
        "OTEL_EXPORTER_OTLP_PROTOCOL: value 'carrier': expected grpc")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/json", "http/protobuf")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp OTEL_METRIC_EXPORT_INTERVAL=soon", "OTEL_METRIC_EXPORT_INTERVAL: value 'soon'")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_TIMEOUT=-1", "OTEL_EXPORTER_OTLP_TIMEOUT: value '-1'")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_COMPRESSION=zip", "none or gzip")]
    [InlineData("OTEL_METRICS_EXPORTER=otlp OTEL_EXPORTER_OTLP_HEADERS=secret", "OTEL_EXPORTER_OTLP_HEADERS: expected key=value")]
    public void Otlp_NonsenseInTheEnvironment_IsRefusedByName(string environment, string said)
    {
        BadInputException refused = Assert.Throws<BadInputException>(() => Telemetry.Check(Variables(environment)));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=nonsense OTEL_SDK_DISABLED=true")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=nonsense")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=https://user@collector.example:4318/path OTEL_EXPORTER_OTLP_PROTOCOL=grpc " +
        "OTEL_EXPORTER_OTLP_HEADERS=a=b,c=d")]
    public void Otlp_WhatIsMeant_OrNotUsed_IsLeftAlone(string environment) => Telemetry.Check(Variables(environment));

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Otlp_ACollectorThatIsNotThere_IsToldOnce(string protocol)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var said = new TaskCompletionSource<string>();
        int lines = 0;
        using (Telemetry? telemetry = WithVariables(port, protocol, () => Telemetry.Start("here", line =>
        {
            lines++;
            said.TrySetResult(line);
        })))
        {
            RunMeter.Committed("otlp-dead", Events.Step(7).Metrics, isNew: true);
            string line = await said.Task.WaitAsync(TimeSpan.FromSeconds(30));
            RunMeter.Left("otlp-dead");
            Assert.Contains($":{port}", line, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', line);
        }
        Assert.Equal(1, lines);
    }

    private static Telemetry? WithVariables(int port, string protocol, Func<Telemetry?> start)
    {
        (string Name, string Value)[] variables =
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
        ];
        foreach ((string name, string value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
        try
        {
            return start();
        }
        finally
        {
            foreach ((string name, _) in variables)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }

    private static Func<string, string?> Variables(string environment)
    {
        var set = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return name => set.GetValueOrDefault(name);
    }

    [Fact]
    public async Task Otlp_BringsTheNewestStepToTheCollector()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<byte[]> received = Receive(listener);
        Environment.SetEnvironmentVariable(
            "OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        try
        {
            using Telemetry? telemetry = Telemetry.Start("here", Assert.Fail);
            Assert.NotNull(telemetry);
            RunMeter.Committed("otlp-run", Events.Step(7).Metrics, isNew: true);
        }
        finally
        {
            RunMeter.Left("otlp-run");
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", null);
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", null);
        }

        string body = Encoding.Latin1.GetString(await received);
        Assert.StartsWith("POST /v1/metrics ", body, StringComparison.Ordinal);
        Assert.All(["bgpo.run.reward", "bgpo.run.steps", "otlp-run", "service.name", "bgpo", "here"],
            word => Assert.Contains(word, body, StringComparison.Ordinal));
    }

    /// <summary>A collector that takes one request.</summary>
    private static async Task<byte[]> Receive(TcpListener listener)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        var all = new MemoryStream();
        var part = new byte[1 << 16];
        while (true)
        {
            int count = await stream.ReadAsync(part);
            all.Write(part, 0, count);
            string text = Encoding.Latin1.GetString(all.ToArray());
            int head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            string? length = text.Split("\r\n")
                .FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            bool isWhole = head >= 0 && (length is not null
                ? all.Length >= head + 4 + int.Parse(length.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)
                : text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
            if (isWhole || count == 0)
            {
                break;
            }
        }

        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        return all.ToArray();
    }

    private Task Watch(params RunEvent[] events) => Watch([], events);

    private async Task Watch(StepMetrics[] stored, params RunEvent[] events)
    {
        await using var recorder = new RecordingPresenter(
            new PlainPresenter(new Terminal(TextWriter.Null, TextWriter.Null), quiet: true),
            new TensorBoardFolder(Path.Combine(_folder.FullName, "run"), TimeProvider.System), Assert.Fail);
        recorder.CatchUp(stored);
        foreach (RunEvent happened in events)
        {
            recorder.On(happened);
        }
    }

    /// <summary>The steps of all whole records of all event files; -1 for a file's first.</summary>
    private List<long> Steps()
    {
        List<long> steps = [];
        foreach (string file in Directory.GetFiles(Path.Combine(_folder.FullName, "run")))
        {
            ReadOnlySpan<byte> content = File.ReadAllBytes(file);
            while (content.Length >= 16 && BinaryPrimitives.ReadUInt64LittleEndian(content) + 16 <= (ulong)content.Length)
            {
                int length = 16 + (int)BinaryPrimitives.ReadUInt64LittleEndian(content);
                steps.Add(EventFile.NewestStep(content[..length]));
                content = content[length..];
            }
        }

        return steps;
    }
}
