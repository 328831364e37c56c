using TorchSharp;
using static TorchSharp.torch;

namespace TorchSharpTests;

public sealed class DisposeScopeTests
{
    [Fact]
    public void AScope_FreesWhatWasMadeInIt()
    {
        Tensor inside;
        using (var scope = NewDisposeScope())
        {
            inside = zeros(1);
            _ = inside + 1;
            Assert.Equal(2, scope.DisposablesCount);
        }

        Assert.True(inside.IsInvalid);
        Assert.Null(CurrentDisposeScope);
    }

    [Fact]
    public void ATensorDisposedByHand_LeavesItsScope()
    {
        using var scope = NewDisposeScope();
        var first = zeros(1);
        var middle = zeros(1);
        var last = zeros(1);
        middle.Dispose();
        Assert.Equal(2, scope.DisposablesCount);
        Assert.False(first.IsInvalid || last.IsInvalid);
        scope.DisposeEverything();
        Assert.True(first.IsInvalid && last.IsInvalid);
        Assert.Equal(0, scope.DisposablesCount);
    }

    [Fact]
    public void AMovedTensor_LivesAsLongAsTheOuterScope()
    {
        Tensor moved;
        using (var outer = NewDisposeScope())
        {
            using (NewDisposeScope())
                moved = zeros(1).MoveToOuterDisposeScope();
            Assert.False(moved.IsInvalid);
            Assert.Equal(1, outer.DisposablesCount);
        }

        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void ADetachedTensor_LivesUntilDisposed()
    {
        Tensor detached;
        Tensor moved;
        using (NewDisposeScope())
        {
            detached = zeros(1).DetachFromDisposeScope();
            moved = zeros(1).MoveToOuterDisposeScope();
        }

        Assert.False(detached.IsInvalid);
        Assert.False(moved.IsInvalid);
        detached.Dispose();
        moved.Dispose();
    }

    [Fact]
    public void ATensor_CanJoinTheScopeOfAnother()
    {
        using var outer = NewDisposeScope();
        var old = zeros(1);
        Tensor joined;
        using (NewDisposeScope())
            joined = zeros(1).MoveToOtherDisposeScope(old);
        Assert.False(joined.IsInvalid);
        Assert.Equal(2, outer.DisposablesCount);
        var free = zeros(1).DetachFromDisposeScope();
        outer.Attach(free);
        Assert.Equal(3, outer.DisposablesCount);
        outer.Detach(free);
        free.Dispose();
    }

    [Fact]
    public void AScopeDisposedOutOfOrder_LeavesTheOthersWhole()
    {
        var outer = NewDisposeScope();
        var middle = NewDisposeScope();
        var inner = NewDisposeScope();
        middle.Dispose();
        Assert.Same(inner, CurrentDisposeScope);
        inner.Dispose();
        Assert.Same(outer, CurrentDisposeScope);
        outer.Dispose();
        outer.Dispose();
        Assert.Null(CurrentDisposeScope);
    }

    [Fact]
    public void Scopes_BelongToTheirThread()
    {
        using var scope = NewDisposeScope();
        DisposeScope? elsewhere = scope;
        var thread = new Thread(() =>
        {
            elsewhere = CurrentDisposeScope;
            using var own = NewDisposeScope();
            _ = zeros(1);
        });
        thread.Start();
        thread.Join();
        Assert.Null(elsewhere);
        Assert.Equal(0, scope.DisposablesCount);
    }

    [Fact]
    public void AParameter_TakesItsTensorsPlaceInTheScope()
    {
        nn.Parameter(zeros(1), requires_grad: false).Dispose();
        Tensor parameter;
        using (var scope = NewDisposeScope())
        {
            parameter = nn.Parameter(zeros(1));
            Assert.Equal(1, scope.DisposablesCount);
        }

        Assert.True(parameter.IsInvalid);
    }

    [Fact]
    public void AWrappedExpression_LetsOnlyItsResultOut()
    {
        using var outer = NewDisposeScope();
        var result = WrappedTensorDisposeScope(() => (zeros(1) + 1) * 2);
        Assert.Equal(2f, result.item<float>());
        Assert.Equal(1, outer.DisposablesCount);
    }
}
