#include "core/text.h"

#include <random>
#include <string>

#include "core/decimal.h"
#include "test.h"

using apparmor::decode;
using apparmor::encode;
using apparmor::isAscii;
using test::check;

namespace {

bool survives(const std::string& bytes) {
  return encode(decode(bytes)) == bytes;
}

std::mt19937 gRandom(1);

size_t below(size_t limit) {
  return std::uniform_int_distribution<size_t>(0, limit - 1)(gRandom);
}

// Bytes among which whole, cut and wrong sequences of UTF-8 are frequent.
std::string randomBytes() {
  static const char* const pieces[] = {"a",
                                       "/",
                                       "\xc3\xa4",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xc3",
                                       "\xe2\x82",
                                       "\xf0\x9f\x98",
                                       "\xa0",
                                       "\xff",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80"};
  std::string bytes;
  for (size_t n = below(12); n > 0; --n) {
    if (below(3) == 0) {
      bytes.push_back(static_cast<char>(below(256)));
    } else {
      bytes += pieces[below(std::size(pieces))];
    }
  }
  return bytes;
}

void roundTrips() {
  bool one = true;
  bool two = true;
  for (int a = 0; a < 256; ++a) {
    one = one && survives(std::string(1, static_cast<char>(a)));
    for (int b = 0; b < 256; ++b) {
      two = two && survives({static_cast<char>(a), static_cast<char>(b)});
    }
  }
  check(one, "every byte comes back as it was");
  check(two, "every pair of bytes comes back as it was");

  bool random = true;
  for (int i = 0; i < 200'000 && random; ++i) random = survives(randomBytes());
  check(random, "random bytes come back as they were");

  bool points = true;
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    std::u16string text;
    if (point < 0x10000) {
      text.push_back(static_cast<char16_t>(point));
    } else {
      text.push_back(static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10)));
      text.push_back(static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff)));
    }
    const auto bytes = encode(text);
    points = points && bytes && decode(*bytes) == text;
  }
  check(points, "every code point comes back as it was");
}

void escapes() {
  check(decode("\xff") == u"\xdcff", "a byte that is not UTF-8 becomes U+DC00 + the byte");
  check(decode("a\xc3\xa4\xc3") == u"a\u00e4\xdcc3", "what is cut off at the end becomes bytes");
  check(decode("\xc0\x80") == u"\xdcc0\xdc80", "an overlong sequence becomes bytes");
  check(decode("\xed\xa0\x80") == u"\xdced\xdca0\xdc80", "an encoded surrogate becomes bytes");
  check(decode("\xf4\x90\x80\x80").size() == 4, "a value above U+10FFFF becomes bytes");
  check(decode("\xf0\x9f\x98\x80") == u"\U0001F600", "four bytes become a pair of surrogates");

  bool refused = true;
  for (char32_t unit = 0xd800; unit <= 0xdfff; ++unit) {
    const bool byte = unit >= 0xdc80 && unit <= 0xdcff;
    refused = refused && encode(std::u16string(1, static_cast<char16_t>(unit))).has_value() == byte;
  }
  check(refused, "a lone surrogate that stands for no byte is refused");
  check(!encode(u"\xd83d\xd83d\xde00"), "also in front of a pair");
  check(encode(u"\xd83d\xdcff")->size() == 4, "a low surrogate in a pair is not a byte");

  check(isAscii("") && isAscii("a\x7f") && !isAscii("a\x80"), "ASCII ends at 7F");
}

void decimals() {
  const auto text = [](long number) {
    char buffer[24];
    return std::string(buffer, apparmor::putDecimal(buffer, number));
  };
  check(text(0) == "0" && text(10) == "10", "numbers are written");
  check(text(9223372036854775807L) == "9223372036854775807", "the largest too");
  check(apparmor::parseDecimal("4096)") == 4096 && apparmor::parseDecimal("x") == 0,
        "numbers are read up to the first other character");
}

}  // namespace

void testText() {
  roundTrips();
  escapes();
  decimals();
}
