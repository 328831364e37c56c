namespace Bgpo.Client.Watching;

/// <summary>A prompt of each task that can be typed as it is.</summary>
internal static class ExamplePrompts
{
    /// <summary>The task's; the first task's when it is not known.</summary>
    internal static string For(string task) => task switch
    {
        "countdown3" => " 30,100, 93= 23",
        "pyfunc" => "f(a,b): twice a plus b squared                    ",
        "arithmetic" => " 23+ 48- 17=",
        _ => "3102200002100320",
    };
}
