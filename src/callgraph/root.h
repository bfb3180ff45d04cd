// Root: the folder that a program takes for "/": that of this machine, or one into which packages were
// unpacked. Symbolic links are followed inside it, absolute ones, too. It can change meanwhile; no answer is
// kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace catena::callgraph {

class Root {
  public:
    // Empty or "/": this machine's own.
    explicit Root(std::string folder = {});

    [[nodiscard]] const std::string& folder() const { return folder_; }
    // The path to open for a path inside, all links followed; nothing where there is no such file.
    [[nodiscard]] std::optional<std::string> host_path(const std::string& path) const;
    // The same file as the root sees it, all links followed.
    [[nodiscard]] std::optional<std::string> real_path(const std::string& path) const;
    // A path of the host as the root sees it; unchanged where it is not inside.
    [[nodiscard]] std::string inside(const std::string& host_path) const;
    // The content of a small text file, cut to 16 MB; nothing where it cannot be read.
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const;
    // Names in a folder, in order, 65,536 at most; empty where it cannot be read.
    [[nodiscard]] std::vector<std::string> list(const std::string& path) const;

  private:
    std::string folder_;  // without a slash at its end; empty for this machine
};

}  // namespace catena::callgraph
