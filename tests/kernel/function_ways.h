// Tests that run with the probes of the running kernel, and with those of kernels before 6.6
// (sensor/uprobe.h).
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <string>

#include "harness.h"
#include "sensor/uprobe.h"

namespace catena::kernel_test {

enum class Ways : std::uint8_t { Best, Singly };

inline void PrintTo(Ways ways, std::ostream* out) { *out << (ways == Ways::Best ? "Best" : "Singly"); }

inline std::string name_of(const testing::TestParamInfo<Ways>& info) {
    return info.param == Ways::Best ? "Best" : "Singly";
}

// A fixture, one that has `trace_`, for each of them. What was recorded last has to say that it was so.
template <class Fixture>
class EachWay : public Fixture, public testing::WithParamInterface<Ways> {
  protected:
    void SetUp() override {
        Fixture::SetUp();
        if (GetParam() == Ways::Singly) ::setenv("CATENA_PROBES", "singly", 1);
    }
    void TearDown() override {
        ::unsetenv("CATENA_PROBES");
        if (this->IsSkipped() || !std::filesystem::exists(this->trace_)) return;
        const bool together =
            GetParam() == Ways::Best && sensor::best_uprobe_way() == sensor::UprobeWay::Together;
        EXPECT_EQ(value_of(this->trace_, "select value from meta where key = 'function_probes'"),
                  together ? "together" : "singly");
    }
};

}  // namespace catena::kernel_test
