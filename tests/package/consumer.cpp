// The smallest user of the library: includes a header, calls compiled code.
#include "understudy/base/error.hpp"

#include <iostream>

int main() { std::cout << understudy::name_of(understudy::ErrorCode::timeout) << '\n'; }
