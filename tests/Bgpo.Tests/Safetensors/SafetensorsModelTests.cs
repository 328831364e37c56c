using Bgpo.Safetensors;

namespace Bgpo.Tests.Safetensors;

/// <summary>Model folders of one or several files.</summary>
public sealed class SafetensorsModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bgpo-model-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void SingleFile_IsTheModel()
    {
        Write(SafetensorsModel.SingleFile, "b", "a");
        using SafetensorsModel model = SafetensorsModel.Open(_folder);
        Assert.Equal(["a", "b"], model.Names);
        Assert.Equal([1f, 2f], model.ReaderOf("a").ReadSingles("a"));
    }

    [Fact]
    public void Index_JoinsItsFiles()
    {
        Write("model-00001-of-00002.safetensors", "a");
        Write("model-00002-of-00002.safetensors", "b", "c");
        WriteIndex("""
            {"metadata":{"total_size":24},"weight_map":{"a":"model-00001-of-00002.safetensors",
            "b":"model-00002-of-00002.safetensors","c":"model-00002-of-00002.safetensors"}}
            """);
        using SafetensorsModel model = SafetensorsModel.Open(_folder);
        Assert.Equal(["a", "b", "c"], model.Names);
        Assert.Equal([1f, 2f], model.ReaderOf("c").ReadSingles("c"));
        Assert.Contains("no tensor 'd'", Assert.Throws<SafetensorsException>(() => model.ReaderOf("d")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "cannot be read as JSON")]
    [InlineData("[]", "has no object 'weight_map'")]
    [InlineData("{\"weight_map\":[]}", "has no object 'weight_map'")]
    [InlineData("{\"weight_map\":{}}", "its weight_map is empty")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "sends 'a' to 1")]
    [InlineData("{\"weight_map\":{\"a\":\"../x.safetensors\"}}",
        "sends 'a' to \"../x.safetensors\"; expected a file name beside the index")]
    [InlineData("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "sends 'a' to \"/etc/passwd\"")]
    [InlineData("{\"weight_map\":{\"a\":\"..\"}}", "sends 'a' to \"..\"")]
    [InlineData("{\"weight_map\":{\"a\":\"gone.safetensors\"}}", "gone.safetensors: cannot be opened")]
    [InlineData("{\"weight_map\":{\"a\":\"part.safetensors\",\"a\":\"part.safetensors\"}}", "names 'a' twice")]
    public void BadIndex_IsRefusedByName(string index, string expected)
    {
        Write("part.safetensors", "a");
        WriteIndex(index);
        SafetensorsException exception = Assert.Throws<SafetensorsException>(() => SafetensorsModel.Open(_folder));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void WhereIndexAndFilesDiffer_AllOfItIsListed()
    {
        Write("one.safetensors", "a", "b");
        Write("two.safetensors", "b", "c");
        WriteIndex("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors","x":"two.safetensors"}}""");
        using SafetensorsModel model = SafetensorsModel.Open(_folder);
        Assert.Equal(
            [
                "says that 'x' is in 'two.safetensors', but it is not there",
                "'b' is in 'two.safetensors' and in 'one.safetensors'",
                "names no file for 'c', which is in 'two.safetensors'",
            ],
            model.Faults);
        Assert.Equal(["a", "b"], model.Names);
    }

    [Fact]
    public void EmptyFolder_IsRefusedByName() =>
        Assert.Contains(
            $"{_folder}: has neither model.safetensors nor model.safetensors.index.json",
            Assert.Throws<SafetensorsException>(() => SafetensorsModel.Open(_folder)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void FailedWrite_LeavesTheOlderFile()
    {
        Write(SafetensorsModel.SingleFile, "a");
        string path = Path.Combine(_folder, SafetensorsModel.SingleFile);
        Assert.Throws<SafetensorsException>(() => SafetensorsWriter.WriteFile(
            path, [SafetensorsTensor.FromBytes("a", SafetensorsDtype.F32, [2], new byte[4])]));
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        Assert.Equal([1f, 2f], reader.ReadSingles("a"));
        Assert.Single(Directory.GetFiles(_folder));
    }

    private void Write(string file, params string[] tensors) =>
        SafetensorsWriter.WriteFile(
            Path.Combine(_folder, file), tensors.Select(name => SafetensorsTensor.FromSingles(name, [2], new[] { 1f, 2f })));

    private void WriteIndex(string json) => File.WriteAllText(Path.Combine(_folder, SafetensorsModel.IndexFile), json);
}
