/**
 * Files and their text: files and directories that are written whole or not at all, strict JSON, the cache directory of
 * the user, and the one exception for input that cannot be used. Knows no other package of edgeprune.
 */
package org.edgeprune.io;
