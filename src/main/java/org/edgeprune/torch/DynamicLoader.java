package org.edgeprune.torch;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.edgeprune.io.InputException;

/**
 * The system's dynamic loader.
 *
 * <p>{@link System#load} opens a library for itself alone. libtorch's libraries must see each other's symbols, and the
 * shim theirs, so they are opened with {@code RTLD_GLOBAL}, which only {@code dlopen} offers.
 */
final class DynamicLoader {
    private static final int RTLD_NOW = 0x2;

    private static final MethodHandle DLOPEN =
            function("dlopen", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLERROR = function("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));
    private static final MethodHandle SETENV = function(
            "setenv",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    private DynamicLoader() {}

    /** Opens a library for the whole process; a library that is open already stays as it is. */
    static void openGlobally(Path library) {
        int rtldGlobal = Platform.current().rtldGlobal();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(library.toString());
            MemorySegment handle = (MemorySegment) DLOPEN.invokeExact(name, RTLD_NOW | rtldGlobal);
            if (handle.equals(MemorySegment.NULL)) {
                MemorySegment error = (MemorySegment) DLERROR.invokeExact();
                String reason = error.equals(MemorySegment.NULL)
                        ? "no reason given"
                        : error.reinterpret(Long.MAX_VALUE).getString(0);
                throw new InputException("the system cannot load " + library + ": " + reason);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Sets a variable of the C environment unless the user has set it; Java's own view of the environment does not
     * change.
     */
    static void setDefaultEnvironment(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            var _ = (int) SETENV.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type);
    }
}
