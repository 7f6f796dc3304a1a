// expect: conversion|convert|no viable
#include "understudy/actor/registry.hpp"

struct Add {
  int value;
};
inline constexpr understudy::Name<Add> counter{"counter"};

understudy::Result<understudy::Address<int>> use() { return understudy::find(counter); }
