// The smallest user of the library: includes a header, calls compiled code.
#include <iostream>

#include "understudy/base/error.hpp"

int main() { std::cout << understudy::name_of(understudy::ErrorCode::timeout) << '\n'; }
