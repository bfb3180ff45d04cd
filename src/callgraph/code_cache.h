// CodeCache: what the analysis of a file found, kept between runs.
//
// A file of the cache is named by the build id and a hash of the whole content of what was analysed, so that
// a file that changed has none. What is damaged, of another version or not consistent in itself counts as not
// there (stored_bytes.h). Any number of processes may use one folder; one thread may use one object.
#pragma once

#include <optional>
#include <string>

#include "callgraph/object_code.h"
#include "elf/image.h"

namespace catena::callgraph {

class CodeCache {
  public:
    // No folder: nothing is kept.
    explicit CodeCache(std::string folder = {}) : folder_(std::move(folder)) {}

    // $CATENA_ANALYSIS_CACHE, which can be empty; else $XDG_CACHE_HOME/catena, $HOME/.cache/catena, or
    // /var/cache/catena for root.
    [[nodiscard]] static std::string default_folder();

    [[nodiscard]] std::optional<ObjectCode> find(const elf::Image& image) const;
    void keep(const elf::Image& image, const ObjectCode& code) const;

    // Where it is kept.
    [[nodiscard]] std::string path_of(const elf::Image& image) const;

  private:
    std::string folder_;
};

}  // namespace catena::callgraph
