// NodeTable: a value for each node that is asked for; a node that was not asked for before has a new one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "graph/entities.h"

namespace catena::graph {

template <class Value>
class NodeTable {
  public:
    // Holds until another node is asked for.
    Value& operator[](NodeIndex node) {
        if (node >= values_.size()) values_.resize(std::max<std::size_t>(node + 1, values_.size() * 2));
        return values_[node];
    }

  private:
    std::vector<Value> values_;
};

}  // namespace catena::graph
