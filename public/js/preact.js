// The one place that knows where the framework lies.
export * from "/vendor/htm/preact/standalone.module.js";
