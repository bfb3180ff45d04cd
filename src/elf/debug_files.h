// Debug files: symbols that belong to a file and were taken out of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "elf/image.h"

namespace catena::elf {

// Where a separate debug file is looked for: ROOT/.build-id/xx/yyyy.debug for each root; then the name in
// .gnu_debuglink beside the file, in .debug beside it, and below each root. It counts only if its build id is
// the same or, where one of both has none, its checksum is the one that .gnu_debuglink has. Nothing where
// there is none, or none that fits.
[[nodiscard]] std::optional<Image> open_debug_file(const Image& image, const std::vector<std::string>& roots);

// MiniDebugInfo: an ELF file of symbols that are not in .dynsym, compressed with xz, in .gnu_debugdata.
// Nothing where there is none, or where it is broken or takes more than 256 MiB.
[[nodiscard]] std::optional<Image> open_mini_debug_info(const Image& image);

}  // namespace catena::elf
