/**
 * RASP, the "restricted access sequence processing language" (Weiss, Goldberg, Yahav, "Thinking Like Transformers",
 * 2021): expressions, an interpreter, a library of programs and a text form. This package has neither tensors nor
 * transformers. Public API: incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.tracr.rasp;
