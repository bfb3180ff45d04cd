// Tally: how often each of a few names was met. What is met once there are kMaxNames is counted without its
// name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace catena::import {

class Tally {
  public:
    static constexpr std::size_t kMaxNames = 256;
    static constexpr std::size_t kMaxNameBytes = 64;  // of a name; the rest is cut off

    void count(std::string_view name);

    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& names() const { return names_; }

  private:
    std::map<std::string, std::uint64_t, std::less<>> names_;
    std::uint64_t total_ = 0;
};

}  // namespace catena::import
