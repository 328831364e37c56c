using Bgpo.Spec;

namespace Bgpo.Tasks.Mathematics;

/// <summary>What the model reads around a question. The texts of d1 are those of its training (dllm-reasoning/d1).</summary>
internal static class MathPrompts
{
    private const string Form = "\nRespond in the following format:\n<reasoning>\n...\n</reasoning>\n<answer>\n...\n</answer>\n";

    private const string Boxed =
        @"You are a math expert. You will be given a question to solve. Solve it step by step. Wrap the final answer in a \boxed{}. ";

    /// <summary>A prompt.</summary>
    /// <param name="template"><c>plain</c>, <c>boxed</c>, <c>d1</c>, <c>d1Boxed</c>, or a text with {question} in it.</param>
    /// <param name="question">The question.</param>
    public static string Fill(string template, string question) => template switch
    {
        "plain" => question,
        "boxed" => $"{question}\n\nSolve it step by step and put the final answer in \\boxed{{}}.",
        "d1" => $"{Form}\n\n{question}",
        "d1Boxed" => $"{Form}\n\n{Boxed}\n\n{question}",
        _ => template.Replace(MathSection.Question, question, StringComparison.Ordinal),
    };
}
