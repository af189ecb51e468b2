// What the thread sanitizer is not to report, compiled in so that no environment has to be set.
//
// libzmq comes from the distribution and is not instrumented: the sanitizer sees what its threads
// read and write through libc, and the memory that they hand to ours, but not the atomics by which
// it orders them. So reports with libzmq (or libsodium, which it calls) in one of the two stacks
// are left out. No callback of ours runs below libzmq: races of our own have neither in a stack.
#if defined(__SANITIZE_THREAD__)
#define ORRERY_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ORRERY_UNDER_TSAN 1
#endif
#endif

#ifdef ORRERY_UNDER_TSAN
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so\nrace:libzmq.so\nrace:libsodium.so\n";
}
#endif
