#include "record/recorder.hpp"

#include <gtest/gtest.h>
TEST(Recorder, Compiles) {}
