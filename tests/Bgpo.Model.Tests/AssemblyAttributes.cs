// One test at a time: Debian's single-threaded OpenBLAS 0.3.21 gives wrong products, now and then, to two threads that call it
// at once. Goes away with a BLAS that may be called from several threads.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
