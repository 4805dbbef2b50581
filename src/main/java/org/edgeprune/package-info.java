/**
 * What the whole program shares: its version, and the memory that it may use. Public API: incompatible changes come
 * only with a new minor version and are listed in CHANGELOG.md.
 *
 * <p>To find a circuit, begin with {@code org.edgeprune.prune.PruneSession}; each package's description says what it is
 * for and whether it is public API.
 */
package org.edgeprune;
