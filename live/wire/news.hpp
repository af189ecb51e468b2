// News as the body of a frame: a map of the number and the bytes that the application told.
#pragma once

#include <string>
#include <string_view>

#include "live/wire/gateway.hpp"

namespace orrery::live {

std::string encode_news(const News& news);
/// Fills sequence and body; false for bytes that are none, or of another major version.
bool decode_news(std::string_view bytes, News& out);

}  // namespace orrery::live
