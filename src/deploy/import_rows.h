// The rows at which an imported model is compared with somebody else's reading of it: where its
// trees decide. Every column stands at each of its places once, in an order of its own, so that
// places of several columns meet by chance.
#pragma once

#include "base/seed.h"
#include "model/foreign.h"
#include "model/transform.h"

namespace rondo::deploy {

class ImportRows {
 public:
  /// Both must live as long. Texts of cells borrow from the transform.
  ImportRows(const model::ForeignModel& model, const model::Transform& transform, Seed seed);
  /// How many rows it takes to have every column at each of its places.
  std::size_t longest() const;
  /// Every column at its next place; by chance when it has been at all of them.
  void next(std::span<model::Cell> out);
  /// Every column at a place by chance, or near it.
  void draw(std::span<model::Cell> out);

 private:
  std::vector<model::Cell> places_of(std::size_t column) const;
  model::Cell draw(std::size_t column);
  bool is_text(std::size_t column) const;

  const model::Transform& transform_;
  std::vector<std::vector<double>> cuts_;
  Chance chance_;
  std::vector<std::vector<model::Cell>> places_;
  std::size_t row_ = 0;
};

}  // namespace rondo::deploy
