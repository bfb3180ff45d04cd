// IdSet: which numbers were met, as the ranges they form. Numbers of a log mostly count up, so the ranges are
// few. Bounded: once there are kMaxRanges, a number that would need a new one is not remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace catena::import {

class IdSet {
  public:
    static constexpr std::size_t kMaxRanges = std::size_t{1} << 20;  // some 64 MB

    // False where the number is known to be in it already.
    bool insert(std::int64_t number);

  private:
    std::map<std::int64_t, std::int64_t> ranges_;  // first → last; they neither overlap nor touch
};

}  // namespace catena::import
