// Small dense systems of equations, as least squares and discriminants leave them.
#pragma once

#include <vector>

namespace rondo::stats {

/// Solves A x = b for a symmetric, positive definite A by Cholesky's factors; b becomes x.
/// Shape: row-major, size x size; the lower triangle is read and overwritten. False: A is not
/// positive definite, and b is of no use. Cost: size^3 / 6.
bool solve_symmetric(std::vector<double>& a, std::vector<double>& b);

}  // namespace rondo::stats
