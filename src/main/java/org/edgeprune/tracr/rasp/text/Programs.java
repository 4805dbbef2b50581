package org.edgeprune.tracr.rasp.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.RaspProgram;

/** Finds a program by what a user calls it. */
public final class Programs {
    private Programs() {}

    /**
     * The library program of that name, else the program in the file of that path, else an instance of the
     * {@link RaspProgram} class of that name.
     *
     * @param classes where classes are looked for
     */
    public static RaspProgram find(String name, ClassLoader classes) {
        Optional<LibraryProgram> known = LibraryProgram.byName(name);
        if (known.isPresent()) {
            return known.get();
        }
        if (Files.isRegularFile(Path.of(name))) {
            return TextProgram.read(Path.of(name));
        }
        try {
            return Class.forName(name, true, classes)
                    .asSubclass(RaspProgram.class)
                    .getConstructor()
                    .newInstance();
        } catch (ClassNotFoundException e) {
            throw new InputException(
                    "program '" + name + "' is no file, no class and none of the library: "
                            + Arrays.stream(LibraryProgram.values())
                                    .map(LibraryProgram::programName)
                                    .collect(Collectors.joining(", ")),
                    e);
        } catch (LinkageError e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new InputException("class " + name + " cannot be loaded: " + reason, e);
        } catch (ClassCastException e) {
            throw new InputException(
                    "class " + name + " is no program: it must implement " + RaspProgram.class.getName(), e);
        } catch (ReflectiveOperationException e) {
            throw new InputException(
                    "class " + name
                            + " cannot be created: it must be public, with a public constructor without parameters",
                    e);
        }
    }
}
