package org.edgeprune.io;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Function;

/**
 * The implementations of a service interface on the class path, ours and those of extensions, by the names that they
 * claim.
 *
 * @param <T> the interface
 * @param byName implementations by name, in the order of the class path; one with several names is there several times
 */
public record Extensions<T>(Map<String, T> byName) {
    private static final String SERVICES = "META-INF/services/";

    /** Keeps an unmodifiable view. */
    public Extensions {
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
    }

    /**
     * Loads every implementation that a services file names.
     *
     * @param <T> the interface
     * @param service the interface
     * @param kind what it is to users, such as {@code task}, for messages
     * @param names the names that an implementation claims
     * @param loader sees the services files and the classes
     * @return the implementations
     * @throws InputException naming the jar, if a class cannot be loaded or two claim the same name
     */
    public static <T> Extensions<T> load(
            Class<T> service, String kind, Function<T, ? extends Iterable<String>> names, ClassLoader loader) {
        Map<String, T> byName = new LinkedHashMap<>();
        for (T implementation : implementations(service, kind, loader)) {
            for (String name : names.apply(implementation)) {
                T other = byName.putIfAbsent(name, implementation);
                if (other != null) {
                    throw new InputException(
                            "%s '%s' is claimed twice, by %s and by %s: take one of them off the class path"
                                    .formatted(kind, name, described(other), described(implementation)));
                }
            }
        }
        return new Extensions<>(byName);
    }

    private static <T> List<T> implementations(Class<T> service, String kind, ClassLoader loader) {
        List<T> implementations = new ArrayList<>();
        Iterator<T> found = ServiceLoader.load(service, loader).iterator();
        try {
            while (found.hasNext()) {
                implementations.add(found.next());
            }
        } catch (ServiceConfigurationError | LinkageError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new InputException(
                    "%s: a %s that its %s%s names cannot be loaded (%s): build it again for this version of edgeprune,"
                                    .formatted(
                                            origin(service, e.getMessage(), loader),
                                            kind,
                                            SERVICES,
                                            service.getName(),
                                            cause)
                            + " put what it needs beside it on the class path, or leave it out",
                    e);
        }
        return implementations;
    }

    /** The jar or folder whose services file names the class that a message is about. */
    private static String origin(Class<?> service, String message, ClassLoader loader) {
        String file = SERVICES + service.getName();
        String said = message == null ? "" : message.replace('/', '.');
        try {
            List<URL> files = Collections.list(loader.getResources(file));
            // The last on the class path first: extensions come after edgeprune.
            for (URL url : files.reversed()) {
                try (InputStream in = url.openStream()) {
                    boolean named = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .map(line -> line.replaceFirst("#.*", "").strip())
                            .anyMatch(name -> !name.isEmpty() && said.contains(name));
                    if (named || said.contains(url.toString().replace('/', '.'))) {
                        return path(url.toString().replace("!/" + file, "").replace(file, ""));
                    }
                }
            }
        } catch (IOException e) {
            throw new InputException("class path: a " + file + " cannot be read: " + Complaint.reason(e), e);
        }
        return "class path";
    }

    private static String described(Object implementation) {
        return implementation.getClass().getName() + " in " + source(implementation.getClass());
    }

    /**
     * The jar or folder that a class was loaded from.
     *
     * @param type the class
     * @return a path, or the text of an address
     */
    public static String source(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        return source == null ? "the Java runtime" : path(source.getLocation().toString());
    }

    private static String path(String url) {
        return url.replaceFirst("^jar:", "").replaceFirst("^file:", "");
    }
}
