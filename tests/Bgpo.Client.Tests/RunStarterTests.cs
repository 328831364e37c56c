using Bgpo.Client.Runs;
using Bgpo.Grains;

namespace Bgpo.Client.Tests;

public sealed class RunStarterTests
{
    private readonly FakeRun _run = new();
    private readonly List<string> _keys = [];

    [Fact]
    public async Task ACallThatWentWithItsSilo_IsMadeAgainAsTheSameCall()
    {
        Assert.Same(_run.Status,
            await Begin(() => _keys.Count == 1 ? throw new TimeoutException() : Task.FromResult(_run.Status)));
        Assert.Equal(2, _keys.Count);
        Assert.Single(_keys.Distinct());
        Assert.NotEmpty(_keys[0]);
    }

    [Fact]
    public async Task WhatTheRunRefuses_IsRefused_AlsoAfterALostCall()
    {
        var refused = await Assert.ThrowsAsync<BadInputException>(
            () => Begin(() => _keys.Count == 1 ? throw new TimeoutException() : throw new RunException("no")));
        Assert.Equal("no", refused.Message);
        Assert.False(_run.IsResumed);
    }

    private Task<RunStatus> Begin(Func<Task<RunStatus>> answer) => RunStarter.Begin(
        _run,
        (_, key) =>
        {
            _keys.Add(key);
            return answer();
        },
        () => true);
}
