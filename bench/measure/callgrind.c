// The words that valgrind's callgrind listens to, for Node: count from here, begin anew, write down what was counted,
// and pause or go on. Outside of valgrind they are a handful of instructions that do nothing.

#include <node_api.h>
#include <valgrind/callgrind.h>

static napi_value begin(napi_env env, napi_callback_info info) {
  CALLGRIND_START_INSTRUMENTATION;
  return NULL;
}

static napi_value end(napi_env env, napi_callback_info info) {
  CALLGRIND_STOP_INSTRUMENTATION;
  return NULL;
}

static napi_value clear(napi_env env, napi_callback_info info) {
  CALLGRIND_ZERO_STATS;
  return NULL;
}

static napi_value write_down(napi_env env, napi_callback_info info) {
  CALLGRIND_DUMP_STATS;
  return NULL;
}

// Pauses if it counts, and goes on if it is paused.
static napi_value toggle(napi_env env, napi_callback_info info) {
  CALLGRIND_TOGGLE_COLLECT;
  return NULL;
}

static void offer(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT() {
  offer(env, exports, "begin", begin);
  offer(env, exports, "end", end);
  offer(env, exports, "clear", clear);
  offer(env, exports, "writeDown", write_down);
  offer(env, exports, "toggle", toggle);
  return exports;
}
