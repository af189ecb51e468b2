// SortedList: a sorted sequence of small values with fast ordered iteration.
//
// Values stand in blocks of at most kBlock, so that an insertion moves part of one block and not
// the whole sequence, and iteration runs over contiguous memory. A block may have room at both
// ends: a queue that gains at its end and loses at its front moves nothing. For tens to hundreds of
// thousands of values this beats a balanced tree; it copies as a value, which forking needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace orrery {

/// T: small, copyable, with a strict weak order `<` under which no two present values are equal.
template <class T>
class SortedList {
  static constexpr size_t kBlock = 256;

  // The values of `items` from index `first`.
  struct Block {
    std::vector<T> items;
    size_t first = 0;

    size_t size() const { return items.size() - first; }
    auto begin() { return items.begin() + static_cast<std::ptrdiff_t>(first); }
    auto end() { return items.end(); }
    const T& operator[](size_t i) const { return items[first + i]; }
    const T& front() const { return items[first]; }
    const T& back() const { return items.back(); }

    void insert(const T& value) {
      auto at = std::upper_bound(begin(), end(), value);
      if (first == 0 || end() - at < at - begin()) {
        items.insert(at, value);
        return;
      }
      std::move(begin(), at, begin() - 1);
      --first;
      *(at - 1) = value;
    }
    // Moves the values on the shorter side.
    void erase(typename std::vector<T>::iterator at) {
      if (end() - at < at - begin()) {
        items.erase(at);
        return;
      }
      std::move_backward(begin(), at, at + 1);
      ++first;
    }
    void compact() {
      items.erase(items.begin(), begin());
      first = 0;
    }
  };

 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() = default;
    const T& operator*() const { return (*blocks_)[block_][index_]; }
    const T* operator->() const { return &**this; }
    const_iterator& operator++() {
      if (++index_ == (*blocks_)[block_].size()) {
        index_ = 0;
        ++block_;
      }
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const const_iterator& o) const {
      return block_ == o.block_ && index_ == o.index_;
    }

   private:
    friend class SortedList;
    const_iterator(const std::vector<Block>* blocks, size_t block, size_t index)
        : blocks_(blocks), block_(block), index_(index) {}
    const std::vector<Block>* blocks_ = nullptr;
    size_t block_ = 0;
    size_t index_ = 0;
  };

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const_iterator begin() const { return {&blocks_, 0, 0}; }
  const_iterator end() const { return {&blocks_, blocks_.size(), 0}; }
  const T& front() const { return blocks_.front().front(); }
  const T& back() const { return blocks_.back().back(); }

  /// Requires: no equal value is present.
  void insert(const T& value) {
    ++size_;
    if (blocks_.empty()) {
      blocks_.emplace_back().items.swap(spare_);
      blocks_.back().items.reserve(kBlock);
      blocks_.back().items.push_back(value);
      return;
    }
    // Most values arrive in order and belong at the very end.
    size_t b = blocks_.back().back() < value ? blocks_.size() - 1 : block_of(value);
    Block& block = blocks_[b];
    block.insert(value);
    if (block.items.size() < kBlock) return;
    block.compact();
    if (block.size() > kBlock / 2) split(b);
  }

  /// Removes the value equal to `value`; false if there is none.
  bool erase(const T& value) {
    if (size_ == 0) return false;
    size_t b = block_of(value);
    Block& block = blocks_[b];
    auto at = std::lower_bound(block.begin(), block.end(), value);
    if (at == block.end() || value < *at) return false;
    block.erase(at);
    --size_;
    if (block.size() > 0) return true;
    block.items.clear();
    spare_.swap(block.items);
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(b));
    return true;
  }

 private:
  // The first block whose last value is not less than `value`, else the last block.
  size_t block_of(const T& value) const {
    if (blocks_.size() == 1) return 0;
    auto at = std::lower_bound(blocks_.begin(), blocks_.end(), value,
                               [](const auto& block, const T& v) { return block.back() < v; });
    if (at == blocks_.end()) --at;
    return static_cast<size_t>(at - blocks_.begin());
  }

  void split(size_t b) {
    Block upper;
    upper.items.reserve(kBlock);
    std::vector<T>& items = blocks_[b].items;
    // A full last block keeps what it has: in-order arrivals then fill blocks to the brim.
    size_t keep = b + 1 == blocks_.size() ? items.size() - 1 : items.size() / 2;
    upper.items.assign(items.begin() + static_cast<std::ptrdiff_t>(keep), items.end());
    items.resize(keep);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(b) + 1, std::move(upper));
  }

  std::vector<Block> blocks_;  // none is empty
  std::vector<T> spare_;       // memory of the last block that went
  size_t size_ = 0;
};

}  // namespace orrery
