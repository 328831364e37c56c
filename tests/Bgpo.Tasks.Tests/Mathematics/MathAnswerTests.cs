using Bgpo.Tasks.Mathematics;

namespace Bgpo.Tasks.Tests.Mathematics;

/// <summary>The answer is found where people and models put it, and nowhere else.</summary>
public sealed class MathAnswerTests
{
    [Theory]
    [InlineData(@"So \boxed{18}.", "18")]
    [InlineData(@"First \boxed{17}, then $\boxed{18}$", "18")]
    [InlineData(@"\boxed{\frac{1}{\sqrt{2}}} is it", @"\frac{1}{\sqrt{2}}")]
    [InlineData(@"\boxed{\{1,2\}}", @"\{1,2\}")]
    [InlineData(@"\boxed{\left\{x\right\}", null)]
    [InlineData(@"\fbox{18}", "18")]
    [InlineData(@"\boxed {18}", "18")]
    [InlineData(@"$\boxed 18$ dollars", "18")]
    [InlineData(@"\boxed{17} but \fbox{18}", "18")]
    [InlineData(@"\boxed{\boxed{18}}", "18")]
    [InlineData(@"\boxed{17} and then \boxed{18", null)]
    [InlineData(@"\boxed{}", null)]
    [InlineData(@"\boxed", null)]
    [InlineData("<reasoning>2 * 9</reasoning>\n<answer>\n18\n</answer>", "18")]
    [InlineData("<answer>17</answer><answer>18</answer>", "18")]
    [InlineData("<answer>\n\\boxed{18}\n</answer>", "18")]
    [InlineData("<answer>18", null)]
    [InlineData("18</answer>", null)]
    [InlineData("9 * 2 = <<9*2=18>>18\n#### 18", "18")]
    [InlineData("#### 17\n#### 18\nand more", "18")]
    [InlineData("The answer is 18.", "18")]
    [InlineData("The final answer is: $18.50. I hope it is correct.", "$18.50")]
    [InlineData("Final Answer: 18\nDone", "18")]
    [InlineData("**Answer:** 18", "18")]
    [InlineData("The answer is 17. No, the answer is 18", "18")]
    [InlineData("It is 18", null)]
    [InlineData("", null)]
    [InlineData("####", null)]
    public void TheLastAnswer_IsFound_AndAnUnfinishedOneIsNone(string completion, string? expected) =>
        Assert.Equal(expected, MathAnswer.Find(completion));

    [Theory]
    [InlineData("She makes 9 * 2 = $<<9*2=18>>18 every day.\n#### 18", "18")]
    [InlineData("#### 1,234", "1,234")]
    [InlineData(@"Thus $x = \boxed{\frac{3}{4}}$.", @"\frac{3}{4}")]
    [InlineData("18", "18")]
    [InlineData(@"\frac{3}{4}", @"\frac{3}{4}")]
    [InlineData(" (3, 4) \n", "(3, 4)")]
    [InlineData("", null)]
    [InlineData(@"\boxed{", null)]
    public void AReference_IsASolutionOrAnAnswerAlone(string reference, string? expected) =>
        Assert.Equal(expected, MathAnswer.OfReference(reference));

    [Fact]
    public void Megabytes_AreReadInOnePass()
    {
        const int Times = 500_000;
        string[] long_ =
        [
            string.Concat(Enumerable.Repeat(@"\boxed{", Times)), string.Concat(Enumerable.Repeat("<answer>", Times)),
            string.Concat(Enumerable.Repeat("</answer>", Times)), new string('{', 10 * Times), new string('\\', 10 * Times),
            string.Concat(Enumerable.Repeat("the answer is ", Times)), new string('#', 10 * Times),
            @"\boxed" + new string(' ', 10 * Times),
            string.Concat(Enumerable.Repeat("\\boxedx", Times)),
        ];
        Assert.All(long_, text => MathEquality.AreEqual(MathAnswer.Find(text) ?? "", "18"));
        Assert.All(long_, text => Assert.Equal("18", MathAnswer.Find(text + @" \boxed{18}")));
    }
}
