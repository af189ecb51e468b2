// CHECK: a bug stops the run at once and says where. Always on.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Aborts with file, line and text when `condition` is false. For what only a bug can break; bad
/// input is an InputError, misfortune is a message.
#define ORRERY_CHECK(condition, text)                                                              \
  do {                                                                                             \
    if (!(condition)) [[unlikely]] {                                                               \
      std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", __FILE__, __LINE__, #condition, text); \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)
