// Programs that tests look at: made by the compiler and by binutils, in a folder that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "elf/function.h"
#include "elf/image.h"

namespace catena::elf {

class Programs : public testing::Test {
  protected:
    Programs();
    ~Programs() override;

    [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
    // Runs a line of shell in the folder; what it printed. It has to end with 0.
    std::string shell(const std::string& line) const;
    void write(std::string_view name, std::string_view content) const;
    // Compiles C (name.c) or C++ (name.cc) into `name` with these options.
    std::string compile(const std::string& name, std::string_view source, const std::string& options,
                        bool cxx = false) const;

  private:
    std::filesystem::path folder_;
};

// Function symbols as readelf prints them, of all symbol tables: address → name → size.
using SymbolTable = std::map<std::uint64_t, std::map<std::string, std::uint64_t>>;
SymbolTable symbols_by_readelf(const std::string& path);

[[nodiscard]] Image image_of(const std::string& path);
[[nodiscard]] std::vector<Function> functions_of(const std::string& path,
                                                 const std::vector<std::string>& debug_roots = {});
// The function that has this name, among its aliases, too; nullptr where there is none.
[[nodiscard]] const Function* find_function(const std::vector<Function>& functions, std::string_view name);
[[nodiscard]] const Function* function_at(const std::vector<Function>& functions, std::uint64_t address);

}  // namespace catena::elf
