/**
 * Files and their text: files and directories that are written whole or not at all
 * ({@link org.edgeprune.io.AtomicFile}), the one reader of text ({@link org.edgeprune.io.TextReader}) and of JSON
 * ({@link org.edgeprune.io.Json}), digests, the cache directory of the user, and the one exception for input that
 * cannot be used. Knows no other package of edgeprune. Public API: incompatible changes come only with a new minor
 * version and are listed in CHANGELOG.md.
 */
package org.edgeprune.io;
