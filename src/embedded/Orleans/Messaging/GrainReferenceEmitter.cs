using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Messaging
{
    /// <summary>Makes, for each grain interface, the class of references to it: every method hands its arguments to the base class.</summary>
    internal static class GrainReferenceEmitter
    {
        private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

        private static readonly Lock EmitLock = new();
        private static readonly AssemblyBuilder Assembly = AssemblyBuilder.DefineDynamicAssembly(
            new AssemblyName("Orleans.Embedded.References"), AssemblyBuilderAccess.Run);

        private static readonly ModuleBuilder Module = Assembly.DefineDynamicModule("References");
        private static readonly HashSet<string> Opened = [];

        public static Func<GrainReferenceFactory, GrainId, GrainReference> Emit(GrainInterface grainInterface)
        {
            lock (EmitLock)
            {
                Open(typeof(GrainReference).Assembly);
                foreach (Type type in grainInterface.Type.GetInterfaces().Prepend(grainInterface.Type))
                {
                    Open(type.Assembly);
                }

                TypeBuilder builder = Module.DefineType($"{grainInterface.Type.FullName}+Reference{Opened.Count}_{Guid.NewGuid():N}",
                    TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainReference), [grainInterface.Type]);
                EmitConstructor(builder);
                for (int i = 0; i < grainInterface.Methods.Length; i++)
                {
                    EmitMethod(builder, grainInterface.Methods[i], i);
                }

                ConstructorInfo constructor = builder.CreateType().GetConstructors()[0];
                return (factory, id) => (GrainReference)constructor.Invoke([grainInterface, factory, id]);
            }
        }

        // Interfaces may be internal to their assembly; the runtime lets in whom this attribute names.
        private static void Open(Assembly assembly)
        {
            if (Opened.Add(assembly.GetName().Name!))
            {
                ConstructorInfo constructor = typeof(IgnoresAccessChecksToAttribute).GetConstructors()[0];
                Assembly.SetCustomAttribute(new CustomAttributeBuilder(constructor, [assembly.GetName().Name!]));
            }
        }

        private static void EmitConstructor(TypeBuilder builder)
        {
            ConstructorInfo inherited = typeof(GrainReference).GetConstructors(Hidden)[0];
            Type[] parameters = [.. inherited.GetParameters().Select(parameter => parameter.ParameterType)];
            ILGenerator il = builder.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters).GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldarg_2);
            il.Emit(OpCodes.Ldarg_3);
            il.Emit(OpCodes.Call, inherited);
            il.Emit(OpCodes.Ret);
        }

        private static void EmitMethod(TypeBuilder builder, GrainMethod method, int index)
        {
            Type[] parameters = [.. method.Info.GetParameters().Select(parameter => parameter.ParameterType)];
            MethodBuilder implementation = builder.DefineMethod(
                $"{method.Info.DeclaringType!.FullName}.{method.Info.Name}",
                MethodAttributes.Private | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot
                    | MethodAttributes.Virtual,
                method.Info.ReturnType,
                parameters);
            ILGenerator il = implementation.GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldc_I4, index);
            il.Emit(OpCodes.Ldc_I4, parameters.Length);
            il.Emit(OpCodes.Newarr, typeof(object));
            for (int i = 0; i < parameters.Length; i++)
            {
                il.Emit(OpCodes.Dup);
                il.Emit(OpCodes.Ldc_I4, i);
                il.Emit(OpCodes.Ldarg, i + 1);
                if (parameters[i].IsValueType)
                {
                    il.Emit(OpCodes.Box, parameters[i]);
                }

                il.Emit(OpCodes.Stelem_Ref);
            }

            MethodInfo call = typeof(GrainReference).GetMethod($"Call{method.Kind}", Hidden)!;
            il.Emit(OpCodes.Call, method.ResultType is null ? call : call.MakeGenericMethod(method.ResultType));
            il.Emit(OpCodes.Ret);
            builder.DefineMethodOverride(implementation, method.Info);
        }
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>Known to the runtime by its name: the assembly that bears it may use what is internal to the one it names.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}
