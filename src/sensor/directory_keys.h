// DirectoryKeys: the paths of directories that the kernel has told, by the key that it names them by from
// then on (struct cat_file of wire/records.h). The kernel remembers one key in each of CAT_DIRECTORIES
// places; here the last few of each place are kept, since two processors can tell theirs in one order and
// remember them in the other.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "wire/records.h"

namespace catena::sensor {

class DirectoryKeys {
  public:
    DirectoryKeys() : places_(CAT_DIRECTORIES) {}

    void insert(std::uint64_t key, std::string path);

    // The path, without a slash at its end ("" is the root); nullptr where it is not known. Valid until
    // insert().
    [[nodiscard]] const std::string* find(std::uint64_t key) const;

  private:
    struct Directory {
        std::uint64_t key = 0;
        std::string path;
    };
    struct Place {
        std::array<Directory, 4> directories;
        std::size_t next = 0;  // to be replaced
    };
    std::vector<Place> places_;
};

}  // namespace catena::sensor
