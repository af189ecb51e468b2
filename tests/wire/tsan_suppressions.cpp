// What the thread sanitizer is not to look at, compiled in so that no environment has to be set.
//
// libzmq comes from the distribution and is not instrumented: the sanitizer sees its calls of
// memcpy and the like, and the memory that it hands from its thread to ours, but not the atomics by
// which it orders them. What it does within itself is ignored; our own code is not.
#if defined(__SANITIZE_THREAD__)
#define ORRERY_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ORRERY_UNDER_TSAN 1
#endif
#endif

#ifdef ORRERY_UNDER_TSAN
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\n"; }
#endif
