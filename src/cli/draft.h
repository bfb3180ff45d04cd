// Draft: a recording that takes its name only once it is whole.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace catena::cli {

enum class Replace : bool { No, Yes };

// Whoever makes a recording writes to path() and then calls publish(). Without that, nothing is left of it.
class Draft {
  public:
    // Refuses what is there already, unless it may be replaced and is a recording.
    static base::Result<Draft> create(const std::string& target, Replace replace);
    ~Draft() { remove(); }
    Draft(Draft&& other) noexcept
        : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

    // Gives it its name.
    base::Status publish();

  private:
    Draft(std::string target, std::string path) : target_(std::move(target)), path_(std::move(path)) {}
    void remove() const;

    std::string target_;
    std::string path_;  // empty once it has its name
};

}  // namespace catena::cli
